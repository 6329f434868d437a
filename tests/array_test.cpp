#include <gtest/gtest.h>
#include <ilk/array.h>
#include <ilk/error.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "core/random.h"
#include "matrices.h"

using ilk::Array;
using ilk::ArrayView;
using ilk::BFloat16;
using ilk::ElementType;
using ilk::Float16;

namespace {

/// The nearest of the float16 numbers, ties to even, by arithmetic alone.
double nearest_half(double value) {
  if (std::fabs(value) >= 65520) return std::copysign(INFINITY, value);
  int exponent = 0;
  std::frexp(value, &exponent);
  const double quantum = std::ldexp(1, std::max(exponent - 11, -24));
  return std::nearbyint(value / quantum) * quantum;
}

}  // namespace

TEST(Float16, AllOfThemThereAndBack) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const Float16 half{static_cast<std::uint16_t>(bits)};
    const float value = to_float(half);
    const std::uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31 && fraction != 0) {
      ASSERT_TRUE(std::isnan(value));
      ASSERT_TRUE(std::isnan(to_float(ilk::to_float16(value))));
      continue;
    }
    double truth = exponent == 31  ? INFINITY
                   : exponent == 0 ? std::ldexp(fraction, -24)
                                   : std::ldexp(1024 + fraction, static_cast<int>(exponent) - 25);
    if (bits >> 15 != 0) truth = -truth;
    ASSERT_EQ(value, truth);
    ASSERT_EQ(ilk::to_float16(value).bits, bits);
  }
}

TEST(Float16, OthersToTheNearest) {
  const auto check = [](float value) {
    const float half = to_float(ilk::to_float16(value));
    ASSERT_EQ(half, nearest_half(value)) << value;
    ASSERT_EQ(std::signbit(half), std::signbit(value)) << value;
  };
  // The middles between two neighbours, which go to the even one, and what lies beside them.
  for (std::uint32_t bits = 0; bits < 0x7BFF; ++bits) {
    const float low = to_float(Float16{static_cast<std::uint16_t>(bits)}),
                high = to_float(Float16{static_cast<std::uint16_t>(bits + 1)}), middle = (low + high) / 2;
    for (const float value : {middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e9f)})
      check(value), check(-value);
  }
  for (const float value :
       {65504.0f, 65519.0f, 65519.996f, 65520.0f, 1e10f, 0x1p-25f, 0x1.8p-25f, 0x1p-149f, INFINITY})
    check(value), check(-value);
  ilk::RandomStream random(1, "halves");
  for (int i = 0; i < 100000; ++i) {
    const auto value = std::bit_cast<float>(random.bits());
    if (!std::isnan(value)) check(value);
  }
}

TEST(BFloat16, AllOfThemThereAndBack) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = to_float(BFloat16{static_cast<std::uint16_t>(bits)});
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(to_float(ilk::to_bfloat16(value))));
    } else {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(value), bits << 16);
      ASSERT_EQ(ilk::to_bfloat16(value).bits, bits);
    }
  }
}

TEST(BFloat16, OthersToTheNearest) {
  const auto rounded = [](std::uint32_t bits) { return ilk::to_bfloat16(std::bit_cast<float>(bits)).bits; };
  EXPECT_EQ(rounded(0x3F807FFF), 0x3F80);
  EXPECT_EQ(rounded(0x3F808000), 0x3F80);  // a tie, to even
  EXPECT_EQ(rounded(0x3F808001), 0x3F81);
  EXPECT_EQ(rounded(0x3F818000), 0x3F82);
  EXPECT_EQ(rounded(0xBF818000), 0xBF82);
  EXPECT_EQ(rounded(0x00008001), 0x0001);
  EXPECT_EQ(rounded(0x7F7FFFFF), 0x7F80);  // beyond the largest
  EXPECT_TRUE(std::isnan(to_float(ilk::to_bfloat16(std::bit_cast<float>(0x7F800001)))));
  EXPECT_TRUE(std::isnan(to_float(ilk::to_bfloat16(std::bit_cast<float>(0x7FFFFFFF)))));
}

TEST(Array, OfEveryType) {
  const std::vector<std::pair<ElementType, std::int64_t>> types{
      {ElementType::f64, 8},    {ElementType::f32, 4}, {ElementType::f16, 2}, {ElementType::bf16, 2},
      {ElementType::i64, 8},    {ElementType::i32, 4}, {ElementType::i16, 2}, {ElementType::i8, 1},
      {ElementType::u64, 8},    {ElementType::u32, 4}, {ElementType::u16, 2}, {ElementType::u8, 1},
      {ElementType::boolean, 1}};
  for (const auto& [type, size] : types) {
    SCOPED_TRACE(name_of(type));
    EXPECT_EQ(size_of(type), size);
    const Array array(type, {2, 3, 5});
    EXPECT_EQ(array.dimensions(), 3);
    EXPECT_EQ(array.count(), 30);
    EXPECT_EQ(array.size_bytes(), 30 * size);
    EXPECT_EQ(is_floating(type), name_of(type).find("float") != std::string_view::npos);
  }
  EXPECT_EQ(name_of(ElementType::bf16), "bfloat16");
  EXPECT_EQ(name_of(ElementType::boolean), "bool");
  EXPECT_EQ(Array(ElementType::f32, {}).count(), 1);
  EXPECT_EQ(Array(ElementType::f32, {0, 4}).count(), 0);
}

TEST(Array, Converts) {
  const auto check = [](auto values) {
    const Array array{ArrayView(values)};
    const auto doubles = array.to_doubles();
    const auto floats = array.to_floats();
    const auto integers = array.to_integers();
    ASSERT_EQ(doubles.size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(doubles[i], static_cast<double>(values[i]));
      EXPECT_EQ(floats[i], static_cast<float>(values[i]));
      EXPECT_EQ(integers[i], static_cast<std::int64_t>(values[i]));
    }
    EXPECT_EQ(array.values<typename decltype(values)::value_type>()[1], values[1]);
  };
  check(std::vector<double>{1.75, -2.9, 1e15, 0});
  check(std::vector<float>{1.75f, -2.9f, 1e15f, 0});
  check(std::vector<std::int64_t>{1, -2, std::numeric_limits<std::int64_t>::max(), 1 << 24});
  check(std::vector<std::int32_t>{1, -2, std::numeric_limits<std::int32_t>::min(), 16777217});
  check(std::vector<std::int16_t>{1, -2, 32767, -32768});
  check(std::vector<std::int8_t>{1, -2, 127, -128});
  check(std::vector<std::uint64_t>{1, 2, std::uint64_t{1} << 62});
  check(std::vector<std::uint32_t>{1, 4294967295u});
  check(std::vector<std::uint16_t>{1, 65535});
  check(std::vector<std::uint8_t>{1, 255});
  const std::vector<Float16> halves{ilk::to_float16(1.5f), ilk::to_float16(-2.75f)};
  EXPECT_EQ(Array(ArrayView(halves)).to_floats(), (std::vector{1.5f, -2.75f}));
  EXPECT_EQ(Array(ArrayView(halves)).to_integers(), (std::vector<std::int64_t>{1, -2}));
  const std::vector<BFloat16> short_ones{ilk::to_bfloat16(1.5f), ilk::to_bfloat16(-2.75f)};
  EXPECT_EQ(Array(ArrayView(short_ones)).to_doubles(), (std::vector{1.5, -2.75}));
  const bool truths[] = {true, false};
  EXPECT_EQ(Array(ArrayView(ElementType::boolean, {2}, truths)).to_integers(),
            (std::vector<std::int64_t>{1, 0}));
}

TEST(Array, WhatNoInt64HoldsIsAnError) {
  const auto expect_error = [](auto value) {
    const std::vector<decltype(value)> values{decltype(value){}, value};
    try {
      Array{ArrayView(values)}.to_integers();
      ADD_FAILURE() << value;
    } catch (const ilk::Error& error) {
      EXPECT_NE(std::string(error.what()).find("element 1 must be a whole number of 64 bits"),
                std::string::npos);
    }
  };
  expect_error(std::nan(""));
  expect_error(std::numeric_limits<float>::infinity());
  expect_error(0x1p63);
  expect_error(-0x1.1p63);
  expect_error(std::uint64_t{1} << 63);
  const std::vector<double> least{-0x1p63, 0x1.fffffffffffffp62};
  EXPECT_EQ(Array(ArrayView(least)).to_integers()[0], std::numeric_limits<std::int64_t>::min());
}

TEST(Array, AndMatrices) {
  ilk::Matrix<float> matrix = random_matrix(4, 6, 1);
  const ilk::Matrix<float> copy = matrix.copy();
  const void* place = matrix.data();
  Array array(std::move(matrix));
  EXPECT_EQ(array.shape(), (std::vector<std::int64_t>{4, 6}));
  EXPECT_EQ(static_cast<const void*>(array.bytes()), place);
  EXPECT_TRUE(equal(array.to_matrix(), copy));
  const ilk::Matrix<float> back = std::move(array).to_matrix();
  EXPECT_EQ(static_cast<const void*>(back.data()), place);
  EXPECT_TRUE(equal(back, copy));

  const std::vector<float> values{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const ilk::Matrix<float> wide = Array(ArrayView(ElementType::f32, {2, 3, 2}, values.data())).to_matrix();
  EXPECT_EQ(wide.rows(), 2);
  EXPECT_EQ(wide[1][0], 7);
  const ilk::Matrix<float> row = Array(ArrayView(values)).to_matrix();
  EXPECT_EQ(row.rows(), 1);
  EXPECT_EQ(row.columns(), 12);
  const std::vector<std::int16_t> whole{1, 2, 3, 4};
  EXPECT_TRUE(equal(Array(ArrayView(ElementType::i16, {2, 2}, whole.data())).to_matrix(),
                    matrix_of({{1, 2}, {3, 4}})));
  EXPECT_TRUE(Array(ElementType::f32, {0, 4}).to_matrix().empty());
}

TEST(Array, KnowsItsType) {
  const Array array(ElementType::f32, {2});
  EXPECT_NE(error_of([&] { (void)array.values<double>(); }), "");
}
