#pragma once
// Models made of numbers, whose embeddings are known from the reference.
#include <gtest/gtest.h>
#include <ilk/parallel.h>
#include <torch/types.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

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

inline torch::Tensor rows_of(const nlohmann::json& rows) {
  const auto width = static_cast<std::int64_t>(rows[0].size());
  torch::Tensor tensor = torch::empty({static_cast<std::int64_t>(rows.size()), width});
  float* out = tensor.data_ptr<float>();
  for (const nlohmann::json& row : rows)
    for (const nlohmann::json& value : row) *out++ = value.get<float>();
  return tensor;
}

inline double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

inline void expect_unit_rows(const torch::Tensor& rows) {
  EXPECT_LT(largest_difference(rows.square().sum(1), at::ones({rows.size(0)})), 1e-6);
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
