#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "error_of.h"
#include "io/safetensors.h"
#include "temporary_directory.h"

namespace {

using testing::HasSubstr;

/// A file of this header and `data_size` zero bytes.
std::string file_with(const std::string& header, std::size_t data_size) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_size, '\0');
}

std::string error_of_file(const std::string& bytes) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "damaged.safetensors";
  ilk::write_file_atomically(path, bytes);
  return error_of([&] { const ilk::SafetensorsFile file(path); });
}

TEST(Safetensors, ReadsWhatTheReferenceWrote) {
  using ilk::ElementType;
  const ilk::SafetensorsFile file(std::filesystem::path(ILK_TEST_DATA) / "safetensors/reference.safetensors");
  const std::map<std::string, ElementType> types{{"f64", ElementType::f64}, {"f32", ElementType::f32},
                                                 {"f16", ElementType::f16}, {"bf16", ElementType::bf16},
                                                 {"i64", ElementType::i64}, {"i32", ElementType::i32},
                                                 {"i16", ElementType::i16}, {"i8", ElementType::i8},
                                                 {"u8", ElementType::u8},   {"bool", ElementType::boolean}};
  for (const auto& [name, type] : types) {
    const ilk::Array array = file.get(name);
    EXPECT_EQ(array.type(), type) << name;
    EXPECT_EQ(array.shape(), (std::vector<std::int64_t>{2, 3})) << name;
    for (int i = 0; i < 6; ++i)
      EXPECT_EQ(array.to_doubles()[i], name == "bool" ? i % 2 : name == "u8" ? i : i - 3) << name;
  }
  EXPECT_EQ(file.get("scalar").dimensions(), 0);
  EXPECT_EQ(file.get("scalar").values<float>()[0], 2.5f);
  EXPECT_EQ(file.get("empty").shape(), (std::vector<std::int64_t>{0, 4}));
  EXPECT_TRUE(file.contains("näme with \"quotes\""));
  EXPECT_FALSE(file.contains("absent"));
  EXPECT_EQ(file.names().size(), types.size() + 3);
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"format", "pt"}, {"note", "ü"}}));
  EXPECT_THROW(file.get("absent"), ilk::Error);
}

bool same(const ilk::Array& a, const ilk::ArrayView& b) {
  return a.type() == b.type && a.shape() == b.shape &&
         std::equal(a.bytes(), a.bytes() + a.size_bytes(), b.bytes);
}

TEST(Safetensors, RoundTripsEveryTypeLayoutAndEmptiness) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "below" / "arrays.safetensors";
  const std::vector<std::uint8_t> bytes{0, 1, 2};  // of odd length, before wider types
  const std::vector<double> wide{0, 3, 1, 4, 2, 5};
  const std::vector<ilk::Float16> half{ilk::to_float16(0), ilk::to_float16(1), ilk::to_float16(-2.5f)};
  const std::vector<ilk::BFloat16> brain{ilk::to_bfloat16(0), ilk::to_bfloat16(1), ilk::to_bfloat16(-2.5f)};
  const bool flags[] = {false, false, true};
  const std::int64_t scalar = 7;
  const ilk::Matrix<float> matrix = ilk::Matrix<float>::filled(2, 2, 0.5f), none(3, 0);
  const std::vector<std::int8_t> i8{-3, 0, 3};
  const std::vector<std::int16_t> i16{-3, 0, 3};
  const std::vector<std::int32_t> i32{-3, 0, 3};
  const std::vector<std::uint16_t> u16{0, 1, 65535};
  const std::vector<std::uint32_t> u32{0, 1, 4294967295};
  const std::vector<std::uint64_t> u64{0, 1, 18446744073709551615u};
  const ilk::NamedArrayViews arrays{{"bytes", bytes},
                                    {"wide", {ilk::ElementType::f64, {3, 1, 2}, wide.data()}},
                                    {"half", half},
                                    {"brain", brain},
                                    {"flags", {ilk::ElementType::boolean, {3}, flags}},
                                    {"scalar", {ilk::ElementType::i64, {}, &scalar}},
                                    {"matrix", matrix},
                                    {"empty", none},
                                    {"i8", i8},
                                    {"i16", i16},
                                    {"i32", i32},
                                    {"u16", u16},
                                    {"u32", u32},
                                    {"u64", u64}};
  ilk::write_safetensors(path, arrays, {{"key", "a \"value\"\n"}});
  const ilk::SafetensorsFile file(path);
  EXPECT_EQ(file.names().size(), arrays.size());
  for (const auto& [name, array] : arrays) {
    EXPECT_TRUE(same(file.get(name), array)) << name;
    EXPECT_EQ(file.entry(name).begin % static_cast<std::uint64_t>(ilk::size_of(array.type)), 0u) << name;
  }
  EXPECT_EQ(file.metadata().at("key"), "a \"value\"\n");

  ilk::write_safetensors(path, {});
  EXPECT_TRUE(ilk::SafetensorsFile(path).names().empty());
}

TEST(Safetensors, RefusesToWriteWhatCannotBeReadBack) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "x.safetensors";
  const std::vector<float> one{1};
  EXPECT_THROW(ilk::write_safetensors(path, {{"a", one}, {"a", one}}), ilk::Error);
  EXPECT_THROW(ilk::write_safetensors(path, {{"__metadata__", one}}), ilk::Error);
  EXPECT_THROW(ilk::write_safetensors(path, {{"a", ilk::ArrayView()}}), ilk::Error);
  EXPECT_THROW(ilk::write_safetensors(path, {{"\xff", one}}), ilk::Error);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Safetensors, AnUnknownTypeIsAnErrorOnlyWhenItIsAskedFor) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "x.safetensors";
  for (const std::string type : {"F8_E4M3", "f32"}) {
    const std::string header = R"({"odd":{"dtype":")" + type + R"(","shape":[3],"data_offsets":[0,3]},
                                   "known":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}})";
    ilk::write_file_atomically(path, file_with(header, 5));
    const ilk::SafetensorsFile file(path);
    EXPECT_EQ(file.get("known").to_integers(), (std::vector<std::int64_t>{0, 0}));
    EXPECT_FALSE(file.entry("odd").type.has_value());
    EXPECT_EQ(file.entry("odd").dtype, type);
    EXPECT_EQ(file.entry("odd").shape, std::vector<std::int64_t>{3});
    try {
      file.get("odd");
      ADD_FAILURE() << type;
    } catch (const ilk::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("the dtype of 'odd' is not supported: " + type));
    }
  }
}

TEST(Safetensors, ASoundHeaderIsTakenWithPaddingAndInAnyOrder) {
  EXPECT_EQ(error_of_file(file_with("{}", 0)), "");
  EXPECT_EQ(error_of_file(file_with("{}      ", 0)), "");
  EXPECT_EQ(error_of_file(file_with(R"({"b":{"data_offsets":[4,8],"shape":[1],"dtype":"F32"},
                                    "a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]}})",
                                    8)),
            "");
  EXPECT_EQ(error_of_file(file_with(R"({"e":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},
                                    "a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},
                                    "f":{"dtype":"F32","shape":[5,0],"data_offsets":[0,0]}})",
                                    4)),
            "");
}

struct DamagedHeader {
  std::string bytes, rule;
};

std::string with_entry(const std::string& fields, std::size_t data_size) {
  return file_with("{\"a\":{" + fields + "}}", data_size);
}

std::string with_length(std::uint64_t length) {
  std::string bytes = file_with("{}", 0);
  std::memcpy(bytes.data(), &length, 8);
  return bytes;
}

std::vector<DamagedHeader> damaged_lengths_and_json() {
  const std::string nested(100000, '[');
  return {
      // the length
      {"", "at least 8 bytes"},
      {"1234567", "at least 8 bytes"},
      {with_length(3), "ends beyond the file"},
      {with_length(100'000'001), "at most 100000000"},
      {with_length(UINT64_MAX), "at most 100000000"},
      {with_length(UINT64_MAX - 7), "at most 100000000"},
      {with_length(0), "must begin with '{'"},
      // no safetensors at all
      {R"({"error":"Repository not found"})", R"(begins with the text '{"error":"Repository not found"}')"},
      {std::string("GGUF\3\0\0\0\1\0\0\0", 12), "must be a safetensors file, but does not begin as one"},
      {"\xff\xfe\x7f\xff\xff\xff\xff\xff", "must be a safetensors file, but does not begin as one"},
      // the JSON
      {file_with(" {}", 0), "must begin with '{'"},
      {file_with("[]", 0), "must begin with '{'"},
      {file_with("{", 0), "not JSON"},
      {file_with("{}}", 0), "not JSON"},
      {file_with("{}\xff", 0), "not JSON"},
      {file_with("{\"\xff\":{}}", 0), "not JSON"},
      {file_with(std::string("{}\0", 3), 0), "zero bytes"},
      {file_with("{\"a\":" + nested, 0), "nested too deeply"},
      {file_with(R"({"a":{"dtype":{"b":{"c":{}}}}})", 0), "nested too deeply"},
      {file_with(R"({"__metadata__":{},"__metadata__":{}})", 0), "'__metadata__' twice"},
      {file_with(R"({"__metadata__":{"k":"1","k":"2"}})", 0), "'k' twice"},
      {file_with(
           R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
           1),
       "'a' twice"},
      {with_entry(R"("dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1])", 1), "'dtype' twice"},
      {file_with(R"({"__metadata__":{"k":1}})", 0), "metadata 'k' must be a string"},
      {file_with(R"({"__metadata__":[]})", 0), "must be an object"},
      {file_with(R"({"a":1})", 0), "must be an object"},
  };
}

std::vector<DamagedHeader> damaged_fields() {
  return {
      {with_entry(R"("dtype":"U8","shape":[1])", 1), "must have dtype, shape and data_offsets"},
      {with_entry(R"("dtype":"U8","shape":[1],"data_offsets":[0,1],"more":0)", 1), "nothing else"},
      {with_entry(R"("dtype":"U8","form":[1],"data_offsets":[0,1])", 1),
       "must have dtype, shape and data_offsets"},
      {with_entry(R"("dtype":7,"shape":[1],"data_offsets":[0,1])", 1), "dtype of 'a' must be a string"},
      {with_entry(R"("dtype":"F8_E4M3","shape":[1],"data_offsets":[0,2])", 1), "outside"},
      {with_entry(R"("dtype":"F8_E4M3","shape":[4611686018427387904,4],"data_offsets":[0,1])", 1),
       "too large"},
      {with_entry(R"("dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1])", 2), "end 1 bytes before the file"},
      {with_entry(R"("dtype":"U8","shape":1,"data_offsets":[0,1])", 1), "must be a list"},
      {with_entry(R"("dtype":"U8","shape":[-1],"data_offsets":[0,1])", 1), "whole numbers, got -1"},
      {with_entry(R"("dtype":"U8","shape":[1.0],"data_offsets":[0,1])", 1), "whole numbers, got 1.0"},
      {with_entry(R"("dtype":"U8","shape":["1"],"data_offsets":[0,1])", 1), "whole numbers"},
      {with_entry(R"("dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,1])", 1), "whole numbers"},
      {with_entry(R"("dtype":"U8","shape":[18446744073709551617],"data_offsets":[0,1])", 1), "whole numbers"},
      {with_entry(R"("dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0])", 0), "too large"},
      {with_entry(R"("dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0])", 0), "too large"},
      {with_entry(R"("dtype":"U8","shape":[0,4611686018427387904,4611686018427387904],"data_offsets":[0,0])",
                  0),
       "too large"},
  };
}

std::vector<DamagedHeader> damaged_places() {
  return {
      {with_entry(R"("dtype":"U8","shape":[1],"data_offsets":[0])", 1), "two whole numbers"},
      {with_entry(R"("dtype":"U8","shape":[1],"data_offsets":[0,1,2])", 1), "two whole numbers"},
      {with_entry(R"("dtype":"U8","shape":[1],"data_offsets":[-1,0])", 1), "two whole numbers"},
      {with_entry(R"("dtype":"U8","shape":[1],"data_offsets":"01")", 1), "two whole numbers"},
      {with_entry(R"("dtype":"U8","shape":[1],"data_offsets":[1,0])", 1), "outside"},
      {with_entry(R"("dtype":"U8","shape":[2],"data_offsets":[0,2])", 1), "outside"},
      {with_entry(R"("dtype":"U8","shape":[1],"data_offsets":[18446744073709551615,18446744073709551615])",
                  1),
       "outside"},
      {with_entry(R"("dtype":"F32","shape":[1],"data_offsets":[0,3])", 3),
       "has 3 bytes, but its shape and dtype need 4"},
      {with_entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])", 4),
       "has 4 bytes, but its shape and dtype need 8"},
      {with_entry(R"("dtype":"U8","shape":[1],"data_offsets":[1,2])", 2), "gap before 'a'"},
      {with_entry(R"("dtype":"U8","shape":[1],"data_offsets":[0,1])", 3), "end 2 bytes before the file"},
      {file_with("{}", 1), "end 1 bytes before the file"},
      {file_with(
           R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
           3),
       "'b' overlaps"},
      {file_with(
           R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
           2),
       "'b' overlaps"},
      {file_with(
           R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
           3),
       "gap before 'b'"},
      {file_with(
           R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"e":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}})",
           2),
       "'e' overlaps"},
  };
}

TEST(Safetensors, EveryDamagedHeaderIsOneErrorThatNamesTheRule) {
  for (const auto& cases : {damaged_lengths_and_json(), damaged_fields(), damaged_places()})
    for (const DamagedHeader& damaged : cases)
      EXPECT_THAT(error_of_file(damaged.bytes), HasSubstr(damaged.rule)) << damaged.bytes.substr(0, 200);
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const std::string whole =
      ilk::read_file(std::filesystem::path(ILK_TEST_DATA) / "safetensors/reference.safetensors");
  for (std::size_t size = 0; size < whole.size(); size += 31)
    EXPECT_NE(error_of_file(whole.substr(0, size)), "") << size;
}

TEST(Safetensors, BooleansOtherThanZeroAndOneAreAnError) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "x.safetensors";
  std::string bytes = file_with(R"({"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", 1);
  bytes.back() = 2;
  ilk::write_file_atomically(path, bytes);
  EXPECT_THROW(ilk::SafetensorsFile(path).get("a"), ilk::Error);
}

}  // namespace
