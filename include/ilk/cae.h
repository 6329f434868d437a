#pragma once
// CAE: hierarchical semantic alignment, training-free (Zhu et al., AAAI 2026, arXiv 2512.00904): selection of
// words, transport of the images onto them, fusion, k-means. N images, D dimensions, K clusters, n semantic
// centres; P nouns and C captions are offered, M of them are selected.
#include <ilk/kmeans.h>
#include <ilk/matrix.h>
#include <ilk/options.h>
#include <ilk/progress.h>
#include <ilk/transport.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
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

enum class FusionKind { concat, sum, plain };
constexpr auto enum_names(FusionKind) {
  return std::array<std::string_view, 3>{"concat", "sum", "plain"};
}

struct FusionOptions {
  FusionKind fusion = FusionKind::concat;
  double gamma = 0.1;
  bool centre = false;
};

template <OptionsOf<FusionOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"fusion", options.fusion,
              "concat or sum of the adaptively weighted parts, or plain unweighted concatenation"});
  visit(
      Field{"gamma", options.gamma, "temperature of the adaptive weights; smaller trusts the best part more"}
          .above(0));
  visit(Field{"centre", options.centre,
              "subtract each modality's mean before cosines are taken (modality gap)"});
}

enum class Alignment { transport, softmax };
constexpr auto enum_names(Alignment) {
  return std::array<std::string_view, 2>{"transport", "softmax"};
}

struct CaeOptions {
  std::int64_t n_clusters = 8;
  std::uint64_t seed = 0;
  KMeansSearch kmeans;
  SelectionOptions selection;
  Alignment alignment = Alignment::transport;
  TransportOptions transport;
  double temperature = 0.005;
  FusionOptions fusion;
};

template <OptionsOf<CaeOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"n_clusters", options.n_clusters, "how many clusters to make"}.at_least(1));
  visit(Field{"seed", options.seed, "number that all random choices start from; same seed, same labels"});
  visit.group("kmeans", options.kmeans);
  visit.group("selection", options.selection);
  visit(Field{"alignment", options.alignment,
              "transport: optimal transport; softmax: plain retrieval, for ablations"});
  visit.group("transport", options.transport);
  visit(Field{"temperature", options.temperature, "temperature of softmax retrieval"}.above(0));
  visit.group("fusion", options.fusion);
}

/// The images' semantic centres: spherical k-means of X into semantic_centre_count centres. They only choose
/// words, so there is one start, and an end where the objective rises by less than 1e-4 of itself. (n, D)
/// float32.
Matrix<float> semantic_centres(MatrixView<const float> embeddings, const CaeOptions& options,
                               Progress& progress = silent());

/// The words that matter for a collection: rows of `words` (P, D), ascending and each once, that are chosen
/// by the rule for the unit-length `centres` (n, D) of the images.
/// - top: the `top` words of highest cosine for each centre, ties to the lower index.
/// - exclusive: each word belongs to its nearest centre (ties to the lower centre); each centre keeps the
///   `top` of its own words that are most confident: highest softmax over the centres of cosine / 0.005
///   (TAC: Li et al. 2024), ties to the lower index.
/// Returns (M). Throws Error for differing widths, an empty vocabulary, rows not of unit length.
std::vector<std::int64_t> select_words(MatrixView<const float> centres, MatrixView<const float> words,
                                       const SelectionOptions& options);

/// One kind of text aligned to the images: which words were selected, and the plan onto them.
struct SemanticSpace {
  std::vector<std::int64_t> selected;  ///< (M) ascending rows of the offered features
  Matrix<float> features;              ///< (M, D) those rows
  RowPlan plan;                        ///< enough to place new images
  std::optional<Transport> transport;  ///< absent where alignment is softmax
  Placed placed;                       ///< the images that were aligned, as far as was wanted
};

/// Selects the words for these centres and aligns the images to them. What is wanted of the plan's rows costs
/// less here than afterwards.
SemanticSpace align_words(MatrixView<const float> embeddings, MatrixView<const float> centres,
                          MatrixView<const float> words, const CaeOptions& options,
                          const Placing& wanted = {}, Progress& progress = silent());

/// The means that centring subtracts, so that new images are fused as the old ones were: (D) numbers for
/// each part; empty where `centre` is off.
struct FusionModel {
  std::vector<std::vector<float>> means;
};

struct FusionResult {
  Matrix<float>
      features;  ///< (N, parts · D) for concat and plain, (N, D) for sum; float32, rows of unit length
  Matrix<float> weights;  ///< (N, parts), rows sum to 1
  FusionModel model;
};

/// CAE's adaptive fusion (docs/methods/cae.md): per image the prototype p is the mean of its parts, the
/// weights are softmax(cos(part, p) / γ), the features the weighted parts side by side (concat) or added
/// (sum). `parts`: one to three (N, D) matrices with rows of unit length; parts of other counts or
/// shapes throw Error. With `centre`, each part's mean over the collection is subtracted and the rows are
/// normalised again before anything else (a row equal to the mean stays zero and gets its share of weight, no
/// more).
/// Features that vanish all the same (equal images, a collection of one, parts that cancel) are those of the
/// parts without centring, at last the image itself, so that every row has unit length.
FusionResult fuse(const std::vector<MatrixView<const float>>& parts, const FusionOptions& options);

/// The same for new images, with the means of the collection that `model` was made from.
Matrix<float> fuse_new(const std::vector<MatrixView<const float>>& parts, const FusionOptions& options,
                       const FusionModel& model);

struct CaeResult {
  KMeansResult kmeans;    ///< labels, fused centroids (K, fused width), objective
  Assignment assignment;  ///< scores and runners-up in the fused space; labels equal kmeans.labels
  FusionResult fusion;
};

/// Fuses the images with their counterparts in the given spaces (nouns, captions, in this order; either may
/// be left out, then the fusion has fewer parts) and clusters the fused features. Counterparts that are not
/// among what is `placed` are made. `spaces` by value: what the caller gives away is not held while the fused
/// features are clustered. Throws Error for no space at all.
CaeResult cae(MatrixView<const float> embeddings, std::vector<SemanticSpace> spaces,
              const CaeOptions& options, Progress& progress = silent());

}  // namespace ilk
