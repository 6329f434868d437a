#pragma once
// Models made of numbers, whose embeddings are known from the reference.
#include <gtest/gtest.h>
#include <ilk/array.h>
#include <ilk/threads.h>

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "matrices.h"

/// r of tests/data/clip/make.py.
struct Numbers {
  explicit Numbers(const std::string& name) {
    for (const unsigned char byte : name) state = (state ^ byte) * 1099511628211u;
  }
  double operator()(std::uint64_t i) const {
    std::uint64_t z = state + i + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return static_cast<double>(z >> 40) / 8388608 - 1;
  }
  std::uint64_t state = 14695981039346656037u;
};

inline ilk::Matrix<float> rows_of(const nlohmann::json& rows) {
  auto matrix = ilk::Matrix<float>::uninitialised(static_cast<std::int64_t>(rows.size()),
                                                  static_cast<std::int64_t>(rows[0].size()));
  float* out = matrix.data();
  for (const nlohmann::json& row : rows)
    for (const nlohmann::json& value : row) *out++ = value.get<float>();
  return matrix;
}

/// An array of this shape as a file of "F32", "F16" or "BF16" holds it, of the numbers number(0), number(1),
/// ….
template <class Number>
ilk::Array made_array(const std::string& type, const std::vector<std::int64_t>& shape, Number&& number) {
  const auto fill = [&]<class T>(T, auto converted) {
    ilk::Array array(ilk::element_type_of<T>, shape);
    std::uint64_t i = 0;
    for (T& value : array.values<T>()) value = converted(static_cast<float>(number(i++)));
    return array;
  };
  if (type == "F16") return fill(ilk::Float16{}, ilk::to_float16);
  if (type == "BF16") return fill(ilk::BFloat16{}, ilk::to_bfloat16);
  return fill(float{}, [](float value) { return value; });
}
inline ilk::Array zeros(const std::vector<std::int64_t>& shape) {
  return made_array("F32", shape, [](std::uint64_t) { return 0; });
}

inline ilk::NamedArrayViews views_of(const ilk::NamedArrays& arrays) {
  ilk::NamedArrayViews views;
  for (const auto& [name, array] : arrays) views.emplace_back(name, array.view());
  return views;
}

inline void expect_unit_rows(const ilk::Matrix<float>& rows) {
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    double square = 0;
    for (const float value : rows.row(i)) square += static_cast<double>(value) * value;
    EXPECT_NEAR(square, 1, 1e-6) << i;
  }
}

/// The lowest product of a row of `a` with the row of `b` of the same number.
inline double lowest_cosine(ilk::MatrixView<const float> a, ilk::MatrixView<const float> b) {
  double lowest = INFINITY;
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    double product = 0;
    for (std::int64_t j = 0; j < a.columns(); ++j) product += static_cast<double>(a[i][j]) * b[i][j];
    if (!(product >= lowest)) lowest = product;  // NaN too
  }
  return lowest;
}

/// Runs `body` with 1, 2 and 3 threads, and inside a block.
template <class Body>
void for_each_way_of_threading(Body&& body) {
  const int before = ilk::threads();
  for (const int count : {1, 2, 3}) {
    ilk::set_threads(count);
    body();
    ilk::parallel_blocks(2, 1, [&](std::int64_t, std::int64_t, std::int64_t) { body(); });
  }
  ilk::set_threads(before);
}
