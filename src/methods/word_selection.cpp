// N images, P words in a vocabulary, D dimensions, n semantic centres.
#include <ilk/cae.h>
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>

#include <algorithm>
#include <compare>
#include <limits>

#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/option_checks.h"
#include "core/parallel.h"
#include "kernels/functions.h"
#include "kernels/kernels.h"
#include "kernels/matrix_product.h"
#include "methods/semantic_centres.h"

namespace ilk {
namespace {

/// The temperature at which TAC takes the softmax over centres.
constexpr double confidence_temperature = 0.005;

std::vector<std::int64_t> nearest_words(MatrixView<const float> centres, MatrixView<const float> words,
                                        std::int64_t top) {
  const auto found = nearest_neighbours(centres, words, std::min(top, words.rows())).indices;
  return {found.flat().begin(), found.flat().end()};
}

/// Where a word belongs, and log((1 − p) / p) of its softmax p there: the less, the more confident. Unlike
/// the softmax it does not saturate.
struct Owned {
  std::int64_t centre;
  double doubt;
  std::int64_t word;
  auto operator<=>(const Owned&) const = default;
};

/// `cosines` with the n centres; they are overwritten.
Owned owner_of(float* cosines, std::int64_t n, std::int64_t word) {
  const auto& loops = kernels::kernels();
  const auto [best, second] = loops.top_two(cosines, n);
  const std::int64_t owner = std::find(cosines, cosines + n, best) - cosines;
  if (n == 1) return {owner, 0, word};
  cosines[owner] = -std::numeric_limits<float>::infinity();
  const double others =
      loops.exponentiate(cosines, n, second, static_cast<float>(1 / confidence_temperature));
  const double behind = static_cast<double>(second) - static_cast<double>(best);
  return {owner, behind / confidence_temperature + kernels::log(others), word};
}

std::vector<std::int64_t> exclusive_words(MatrixView<const float> centres, MatrixView<const float> words,
                                          std::int64_t top) {
  const std::int64_t p = words.rows(), n = centres.rows();
  const std::int64_t words_per_block = std::clamp<std::int64_t>((std::int64_t{1} << 18) / n, 16, 1024);
  const auto packed = PackedMatrix::of_transpose(centres);
  std::vector<Owned> order(static_cast<std::size_t>(p));
  parallel_blocks(p, words_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    auto cosines = Matrix<float>::uninitialised(end - begin, n);
    multiply(words.rows_between(begin, end), packed, nullptr, cosines);
    for (std::int64_t word = begin; word < end; ++word)
      order[static_cast<std::size_t>(word)] = owner_of(cosines[word - begin], n, word);
  });
  std::sort(order.begin(), order.end());
  std::vector<std::int64_t> kept;
  std::int64_t of_centre = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    of_centre = i > 0 && order[i].centre == order[i - 1].centre ? of_centre + 1 : 0;
    if (of_centre < top) kept.push_back(order[i].word);
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

std::vector<std::int64_t> select_words(MatrixView<const float> centres, MatrixView<const float> words,
                                       const SelectionOptions& options) {
  constexpr auto function = "select_words";
  check_ranges(options, function);
  require_unit_rows(centres, function, "centres");
  require_unit_rows(words, function, "words");
  require(centres.columns() == words.columns(), function, "words must be as wide as the centres (",
          centres.columns(), "), got ", words.columns(), ".");
  auto chosen = options.selection == SelectionRule::exclusive ? exclusive_words(centres, words, options.top)
                                                              : nearest_words(centres, words, options.top);
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

}  // namespace ilk
