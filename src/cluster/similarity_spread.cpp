#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/random.h>
#include <ilk/transport.h>

#include <algorithm>
#include <cmath>

#include "blocks.h"

namespace ilk {
namespace {

// Enough for half a percent; a covariance of all would cost as much as half a pass of the transport.
constexpr std::int64_t most_rows = 16384, least_rows_per_block = 1024;
// For the products of all blocks.
constexpr std::int64_t most_bytes = 64 << 20;

/// One of each of n parts of the rows, drawn, so that no order of the rows can deceive; each row where there
/// are no more.
torch::Tensor some_of(std::int64_t rows, std::int64_t n) {
  RandomStream random(0, "similarity spread");
  auto numbers = torch::empty({n}, torch::kInt64);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t begin = i * rows / n, end = (i + 1) * rows / n;
    numbers.data_ptr<std::int64_t>()[i] = begin + random.below(end - begin);
  }
  return numbers;
}

/// Covariance of the rows, (D, D) float64; where there are many, of some of them.
torch::Tensor covariance(const torch::Tensor& rows) {
  const std::int64_t n = std::min(rows.size(0), most_rows), d = rows.size(1);
  const auto real = rows.options().dtype(torch::kFloat64);
  const std::int64_t most_blocks = std::max<std::int64_t>(1, most_bytes / (8 * d * d));
  const std::int64_t rows_per_block = std::max(least_rows_per_block, internal::block_count(n, most_blocks));
  const std::int64_t blocks = internal::block_count(n, rows_per_block);
  const auto products = torch::empty({blocks, d, d}, real), sums = torch::empty({blocks, d}, real);
  const auto numbers = some_of(rows.size(0), n).to(rows.device());
  internal::row_blocks(rows, n, rows_per_block, [&](auto begin, auto end, auto index) {
    const auto block = rows.index_select(0, numbers.slice(0, begin, end));
    products[index].copy_(block.t().matmul(block));
    sums[index].copy_(block.sum(0, false, torch::kFloat64));
  });
  torch::Tensor result;
  internal::on_one_thread([&] {
    const auto mean = sums.sum(0) / static_cast<double>(n);
    result = products.sum(0) / static_cast<double>(n) - mean.unsqueeze(1) * mean;
  });
  return result;
}

}  // namespace

double similarity_spread(const torch::Tensor& embeddings, const torch::Tensor& words) {
  constexpr auto function = "similarity_spread";
  require_unit_rows(embeddings, function, "embeddings");
  require_unit_rows(words, function, "words");
  require(embeddings.size(1) == words.size(1), function, "words must be as wide as the embeddings (",
          embeddings.size(1), "), got ", words.size(1), ".");
  // Σ_ij ((x_i − x̄)·(u_j − ū))² / NM is the product of the two covariances, entry by entry.
  double square = 0;
  const auto images = covariance(internal::plain_rows(embeddings));
  const auto texts = covariance(internal::plain_rows(words));
  internal::on_one_thread([&] { square = (images * texts).sum().item<double>(); });
  return std::sqrt(std::max(0.0, square));
}

}  // namespace ilk
