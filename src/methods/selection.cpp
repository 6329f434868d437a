// N images, P words in a vocabulary, D dimensions, n semantic centres.
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>
#include <ilk/selection.h>

#include <algorithm>
#include <tuple>

#include "../cluster/alignment.h"
#include "../cluster/blocks.h"

namespace ilk {
namespace {

/// The temperature at which TAC takes the softmax over centres.
constexpr double confidence_temperature = 0.005;

std::vector<std::int64_t> nearest_words(const torch::Tensor& centres, const torch::Tensor& words,
                                        std::int64_t top) {
  const auto found = nearest_neighbours(centres, words, std::min(top, words.size(0))).indices.cpu();
  return {found.data_ptr<std::int64_t>(), found.data_ptr<std::int64_t>() + found.numel()};
}

std::vector<std::int64_t> exclusive_words(const torch::Tensor& centres, const torch::Tensor& words,
                                          std::int64_t top) {
  const std::int64_t p = words.size(0);
  auto owners = torch::empty({p}, words.options().dtype(torch::kInt64));
  // 1 / softmax − 1 at the owner: the less, the more confident. Unlike the softmax it does not saturate at 1.
  auto doubts = torch::empty({p}, words.options().dtype(torch::kFloat64));
  internal::row_blocks(words, p, internal::images_per_block(centres), [&](auto begin, auto end, auto) {
    const auto cosines = words.slice(0, begin, end).matmul(centres.t());
    const auto [best, owner] = cosines.max(1, /*keepdim=*/true);
    auto odds = (cosines - best).to(torch::kFloat64).div_(confidence_temperature).exp_();
    odds.scatter_(1, owner, 0);
    owners.slice(0, begin, end).copy_(owner.squeeze(1));
    doubts.slice(0, begin, end).copy_(odds.sum(1));
  });
  const auto owners_memory = owners.cpu(), doubts_memory = doubts.cpu();
  std::vector<std::tuple<std::int64_t, double, std::int64_t>> order;  // centre, doubt, word
  order.reserve(static_cast<std::size_t>(p));
  for (std::int64_t word = 0; word < p; ++word)
    order.emplace_back(owners_memory.data_ptr<std::int64_t>()[word], doubts_memory.data_ptr<double>()[word],
                       word);
  std::sort(order.begin(), order.end());
  std::vector<std::int64_t> kept;
  std::int64_t of_centre = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    of_centre = i > 0 && std::get<0>(order[i]) == std::get<0>(order[i - 1]) ? of_centre + 1 : 0;
    if (of_centre < top) kept.push_back(std::get<2>(order[i]));
  }
  return kept;
}

}  // namespace

std::int64_t semantic_centre_count(std::int64_t n_images, std::int64_t n_clusters,
                                   const SelectionOptions& options) {
  constexpr auto function = "semantic_centre_count";
  check_ranges(options, function);
  require(n_images >= 1, function, "n_images must be at least 1, got ", n_images, ".");
  require(n_clusters >= 1, function, "n_clusters must be at least 1, got ", n_clusters, ".");
  return std::min(n_images, std::max(n_images / options.images_per_centre, 3 * n_clusters));
}

torch::Tensor select_words(const torch::Tensor& centres, const torch::Tensor& words,
                           const SelectionOptions& options) {
  constexpr auto function = "select_words";
  check_ranges(options, function);
  require_unit_rows(centres, function, "centres");
  require_unit_rows(words, function, "words");
  require(centres.size(1) == words.size(1), function, "words must be as wide as the centres (",
          centres.size(1), "), got ", words.size(1), ".");
  require(centres.device() == words.device(), function, "words must be on the centres' device (",
          centres.device(), "), got ", words.device(), ".");
  const auto from = internal::plain_rows(centres), among = internal::plain_rows(words);
  auto chosen = options.selection == SelectionRule::exclusive ? exclusive_words(from, among, options.top)
                                                              : nearest_words(from, among, options.top);
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return torch::tensor(chosen, torch::kInt64).to(words.device());
}

}  // namespace ilk
