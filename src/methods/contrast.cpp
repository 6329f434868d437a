// M pairs of rows z of width W; E_ij = exp(⟨z_i, z_j⟩ / τ), r_i = Σ_j E_ij, q the weight of a row.
#include "contrast.h"

#include <cmath>

#include "../cluster/blocks.h"

namespace ilk::internal {
namespace {

/// Rows per block, so that a block of similarities stays in a core's own cache. Never by the number of
/// threads.
std::int64_t rows_per_block(const torch::Tensor& rows) {
  const std::int64_t floats = rows.is_cpu() ? std::int64_t{1} << 16 : std::int64_t{1} << 26;
  return std::max<std::int64_t>(floats / rows.size(0), 16);
}

/// Above this many, similarities are computed a second time rather than kept.
constexpr std::int64_t most_kept = std::int64_t{1} << 24;

}  // namespace

Contrast contrast(const torch::Tensor& rows, const torch::Tensor& weights, double temperature, OwnRow own,
                  torch::Tensor& room) {
  const std::int64_t n = rows.size(0), m = n / 2, width = rows.size(1);
  const std::int64_t block = rows_per_block(rows);
  const bool keep = n * n <= most_kept;
  if (keep && (!room.defined() || room.numel() < n * n || room.scalar_type() != rows.scalar_type() ||
               room.device() != rows.device()))
    room = torch::empty({n * n}, rows.options());
  torch::Tensor scaled, with_ones;
  on_one_thread([&] {
    scaled = rows * (1 / std::sqrt(temperature));
    with_ones = torch::cat({rows, torch::ones({n, 1}, rows.options())}, 1);
  });
  const auto similarities = [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t count = end - begin;
    auto block_of_e = keep ? room.narrow(0, begin * n, count * n).view({count, n})
                           : torch::empty({count, n}, rows.options());
    at::mm_out(block_of_e, scaled.slice(0, begin, end), scaled.t()).exp_();
    if (own == OwnRow::left_out) block_of_e.diagonal(begin).zero_();
    return block_of_e;
  };
  auto sums = torch::empty({n, width + 1}, rows.options());  // E z beside r
  row_blocks(rows, n, block, [&](auto begin, auto end, auto) {
    auto part = sums.slice(0, begin, end);
    at::mm_out(part, similarities(begin, end), with_ones);
  });

  Contrast result;
  torch::Tensor shares, scales, pushed, partners;
  on_one_thread([&] {
    partners = rows.roll(m, 0);
    const auto totals = sums.select(1, width);
    const auto losses = totals.log() - (rows * partners).sum(1).div_(temperature);
    result.losses = losses.view({2, m}).mean(0);
    shares = (weights * 0.5).repeat({2}).unsqueeze(1);
    scales = shares / totals.unsqueeze(1);
    pushed = scales * rows;
  });
  // With G = dL/dS = q (E / r − partner), the rows' gradient is (G + Gᵀ) z / τ, and E is symmetric.
  result.gradient = torch::empty_like(rows);
  row_blocks(rows, n, block, [&](auto begin, auto end, auto) {
    const auto e =
        keep ? room.narrow(0, begin * n, (end - begin) * n).view({end - begin, n}) : similarities(begin, end);
    auto part = e.matmul(pushed);
    part.addcmul_(scales.slice(0, begin, end), sums.slice(0, begin, end).narrow(1, 0, width));
    part.addcmul_(shares.slice(0, begin, end), partners.slice(0, begin, end), -2);
    result.gradient.slice(0, begin, end).copy_(part.div_(temperature));
  });
  return result;
}

}  // namespace ilk::internal
