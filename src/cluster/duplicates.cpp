#include "duplicates.h"

#include <cstring>
#include <utility>

#include "blocks.h"

namespace ilk::internal {
namespace {

// Multiply and rotate over words of four bytes; equal rows always meet, others are told apart below.
std::uint64_t hash_of(const float* row, std::int64_t width) {
  std::uint64_t hash = 0x9E3779B97F4A7C15ull;
  for (std::int64_t j = 0; j < width; ++j) {
    std::uint32_t word;
    std::memcpy(&word, row + j, sizeof word);
    hash = (hash ^ word) * 0xD6E8FEB86659FD93ull;
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace

std::int64_t count_duplicates(const torch::Tensor& rows) {
  const auto memory = rows.cpu();
  const std::int64_t n = memory.size(0), width = memory.size(1);
  const float* data = memory.data_ptr<float>();
  std::vector<std::pair<std::uint64_t, std::int64_t>> order(static_cast<std::size_t>(n));
  parallel_blocks(n, 4096, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i)
      order[static_cast<std::size_t>(i)] = {hash_of(data + i * width, width), i};
  });
  std::sort(order.begin(), order.end());
  std::int64_t duplicates = 0;
  std::vector<std::int64_t> distinct;  // rows of the current hash that differ
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || order[i].first != order[i - 1].first) distinct.clear();
    const float* row = data + order[i].second * width;
    const bool seen = std::any_of(distinct.begin(), distinct.end(), [&](std::int64_t other) {
      return std::memcmp(row, data + other * width, static_cast<std::size_t>(width) * sizeof(float)) == 0;
    });
    seen ? static_cast<void>(++duplicates) : distinct.push_back(order[i].second);
  }
  return duplicates;
}

}  // namespace ilk::internal
