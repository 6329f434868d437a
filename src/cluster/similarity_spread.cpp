#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/transport.h>

#include <algorithm>
#include <cmath>

#include "blocks.h"

namespace ilk {
namespace {

constexpr std::int64_t rows_per_block = 4096;
// Blocks whose products are held at once. A constant, so that sums do not depend on the number of threads.
constexpr std::int64_t blocks_per_round = 16;

/// Covariance of the rows, (D, D) float64.
torch::Tensor covariance(const torch::Tensor& rows) {
  const std::int64_t n = rows.size(0), d = rows.size(1), round = blocks_per_round * rows_per_block;
  const auto real = rows.options().dtype(torch::kFloat64);
  auto products = torch::zeros({d, d}, real);
  auto sum = torch::zeros({d}, real);
  for (std::int64_t first = 0; first < n; first += round) {
    const auto part = rows.slice(0, first, std::min(n, first + round));
    const std::int64_t blocks = internal::block_count(part.size(0), rows_per_block);
    const auto block_products = torch::empty({blocks, d, d}, real),
               block_sums = torch::empty({blocks, d}, real);
    internal::row_blocks(part, part.size(0), rows_per_block, [&](auto begin, auto end, auto index) {
      const auto block = part.slice(0, begin, end);
      block_products[index].copy_(block.t().matmul(block));
      block_sums[index].copy_(block.sum(0, false, torch::kFloat64));
    });
    internal::on_one_thread([&] {
      products += block_products.sum(0);
      sum += block_sums.sum(0);
    });
  }
  const auto mean = sum / static_cast<double>(n);
  return products / static_cast<double>(n) - mean.unsqueeze(1) * mean;
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
