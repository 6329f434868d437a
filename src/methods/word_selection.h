#pragma once
// N images, P words in a vocabulary, D dimensions, n semantic centres.
#include <ilk/matrix.h>
#include <ilk/options.h>
#include <ilk/progress.h>

#include <cstdint>
#include <vector>

namespace ilk {

enum class SelectionRule { top, exclusive };
constexpr auto enum_names(SelectionRule) {
  return std::array<std::string_view, 2>{"top", "exclusive"};
}

struct SelectionOptions {
  SelectionRule selection = SelectionRule::top;
  std::int64_t top = 5;
  std::int64_t images_per_centre = 300;
};

template <OptionsOf<SelectionOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{
      "selection", options.selection,
      "top: the nearest words of each semantic centre; exclusive: each word serves its nearest centre only"});
  visit(Field{"top", options.top, "words kept for each semantic centre"}.at_least(1));
  visit(Field{"images_per_centre", options.images_per_centre,
              "images for one semantic centre (at least three centres a cluster)"}
            .at_least(1));
}

/// How many semantic centres N images get: max(N / images_per_centre, 3 K), at most N.
std::int64_t semantic_centre_count(std::int64_t n_images, std::int64_t n_clusters,
                                   const SelectionOptions& options);

/// The words that matter for a collection: rows of `words` (P, D), ascending and each once, that are chosen
/// by the rule for the unit-length `centres` (n, D) of the images.
/// - top: the `top` words of highest cosine for each centre, ties to the lower index.
/// - exclusive: each word belongs to its nearest centre (ties to the lower centre); each centre keeps the
///   `top` of its own words that are most confident: highest softmax over the centres of cosine / 0.005
///   (TAC: Li et al. 2024), ties to the lower index.
/// Returns (M). Throws Error for differing widths, an empty vocabulary, rows not of unit length.
std::vector<std::int64_t> select_words(MatrixView<const float> centres, MatrixView<const float> words,
                                       const SelectionOptions& options);

}  // namespace ilk
