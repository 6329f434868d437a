#include "cluster/equal_rows.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "core/parallel.h"

namespace ilk::internal {
namespace {

// Multiply and rotate over words of four bytes, in four sums at a time; equal rows always meet, others are
// told apart below.
std::uint64_t hash_of(const float* row, std::int64_t width) {
  constexpr std::int64_t sums = 4;
  constexpr std::uint64_t factor = 0xD6E8FEB86659FD93ull;
  std::uint64_t hashes[sums] = {0x9E3779B97F4A7C15ull, 1, 2, 3};
  const auto take = [&](std::int64_t sum, std::int64_t j) {
    const auto word = std::bit_cast<std::uint32_t>(row[j] + 0.0f);  // −0 equals 0
    hashes[sum] = (hashes[sum] ^ word) * factor;
    hashes[sum] ^= hashes[sum] >> 32;
  };
  std::int64_t j = 0;
  for (; j + sums <= width; j += sums)
    for (std::int64_t sum = 0; sum < sums; ++sum) take(sum, j + sum);
  for (; j < width; ++j) take(0, j);
  for (std::int64_t sum = 1; sum < sums; ++sum) hashes[0] = (hashes[0] ^ hashes[sum]) * factor;
  return hashes[0] ^ hashes[0] >> 32;
}

}  // namespace

std::vector<std::int64_t> first_equal_rows(MatrixView<const float> rows) {
  const std::int64_t n = rows.rows(), width = rows.columns();
  std::vector<std::pair<std::uint64_t, std::int64_t>> order(static_cast<std::size_t>(n));
  parallel_blocks(n, 4096, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i)
      order[static_cast<std::size_t>(i)] = {hash_of(rows[i], width), i};
  });
  std::sort(order.begin(), order.end());
  std::vector<std::int64_t> first(order.size());
  std::vector<std::int64_t> distinct;  // rows of the current hash that differ
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || order[i].first != order[i - 1].first) distinct.clear();
    const std::int64_t row = order[i].second;
    const auto seen = std::find_if(distinct.begin(), distinct.end(), [&](std::int64_t other) {
      return std::equal(rows[row], rows[row] + width, rows[other]);
    });
    first[static_cast<std::size_t>(row)] = seen == distinct.end() ? row : *seen;
    if (seen == distinct.end()) distinct.push_back(row);
  }
  return first;
}

std::int64_t count_duplicates(MatrixView<const float> rows) {
  const std::vector<std::int64_t> first = first_equal_rows(rows);
  std::int64_t duplicates = 0;
  for (std::size_t i = 0; i < first.size(); ++i) duplicates += first[i] != static_cast<std::int64_t>(i);
  return duplicates;
}

}  // namespace ilk::internal
