#pragma once
// CAE: hierarchical semantic alignment, training-free (Zhu et al., AAAI 2026, arXiv 2512.00904).
// N images, D dimensions, K clusters; P nouns and C captions are offered, M of them are selected.
#include <ilk/fusion.h>
#include <ilk/kmeans.h>
#include <ilk/transport.h>
#include <ilk/word_selection.h>

#include <optional>
#include <vector>

namespace ilk {

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

/// One kind of text aligned to the images: which words were selected, and the plan onto them.
struct SemanticSpace {
  std::vector<std::int64_t> selected;  ///< (M) ascending rows of the offered features
  Matrix<float> features;              ///< (M, D) those rows
  RowPlan plan;                        ///< enough to place new images
  std::optional<Transport> transport;  ///< absent where alignment is softmax
  Placed placed;                       ///< the images that were aligned, as far as was wanted
};

/// The options of the k-means by which semantic_centres finds them.
KMeansOptions semantic_centres_options(std::int64_t n_images, const CaeOptions& options);

/// The images' semantic centres: spherical k-means of X into semantic_centre_count centres. They only choose
/// words, so there is one start, and an end where the objective rises by less than 1e-4 of itself. (n, D)
/// float32.
Matrix<float> semantic_centres(MatrixView<const float> embeddings, const CaeOptions& options,
                               Progress& progress = silent());

/// Selects the words for these centres and aligns the images to them. What is wanted of the plan's rows costs
/// less here than afterwards.
SemanticSpace align_words(MatrixView<const float> embeddings, MatrixView<const float> centres,
                          MatrixView<const float> words, const CaeOptions& options,
                          const Placing& wanted = {}, Progress& progress = silent());

/// Scores and runners-up for k-means' labels of these features. Where points lie exactly between centres, as
/// copies of one image in two clusters do, assign_to_nearest alone could give others.
Assignment assignment_of(MatrixView<const float> features, const KMeansResult& clusters);

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
