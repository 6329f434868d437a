// N images, D dimensions, K clusters.
#include "methods/auto_clustering.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "cluster/assign.h"
#include "core/fail.h"
#include "core/parallel.h"

namespace ilk {
namespace {

/// (1 / N) Σ_c |Σ_{i in c} y_i| − |mean y| of y, the unit rows of `parts` side by side, scaled to unit
/// length.
double explained(std::span<const MatrixView<const float>> parts, std::span<const std::int64_t> labels,
                 std::int64_t n_clusters) {
  constexpr std::int64_t columns_per_block = 64;
  const auto n = static_cast<std::int64_t>(labels.size());
  std::vector<double> squares(static_cast<std::size_t>(n_clusters + 1));  // of each cluster's sum, and of all
  for (const MatrixView<const float>& part : parts) {
    const std::int64_t d = part.columns(), blocks = block_count(d, columns_per_block);
    Matrix<double> of_blocks(blocks, n_clusters + 1);
    // All rows in order for some columns: the same sums for any number of threads.
    parallel_blocks(d, columns_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t block) {
      Matrix<double> sums(n_clusters + 1, end - begin);
      for (std::int64_t i = 0; i < n; ++i) {
        double* to = sums[labels[static_cast<std::size_t>(i)]];
        const float* row = part[i];
        for (std::int64_t j = begin; j < end; ++j) to[j - begin] += static_cast<double>(row[j]);
      }
      for (std::int64_t c = 0; c < n_clusters; ++c)
        for (std::int64_t j = 0; j < end - begin; ++j) sums[n_clusters][j] += sums[c][j];
      for (std::int64_t c = 0; c <= n_clusters; ++c)
        for (const double sum : sums.row(c)) of_blocks[block][c] += sum * sum;
    });
    for (std::int64_t block = 0; block < blocks; ++block)
      for (std::size_t c = 0; c < squares.size(); ++c)
        squares[c] += of_blocks[block][static_cast<std::int64_t>(c)];
  }
  const double scale = std::sqrt(static_cast<double>(parts.size())) * static_cast<double>(n);
  double total = 0;
  for (std::int64_t c = 0; c < n_clusters; ++c) total += std::sqrt(squares[static_cast<std::size_t>(c)]);
  return std::max(0.0, (total - std::sqrt(squares.back())) / scale);
}

/// The clusters' means in `rows`, of unit length. Where points cancel out, the first of them.
Matrix<float> means_of(MatrixView<const float> rows, std::span<const std::int64_t> labels,
                       std::int64_t n_clusters) {
  Matrix<double> sums(n_clusters, rows.columns());
  std::vector<std::int64_t> first(static_cast<std::size_t>(n_clusters), -1);
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    const std::int64_t label = labels[static_cast<std::size_t>(i)];
    if (first[static_cast<std::size_t>(label)] < 0) first[static_cast<std::size_t>(label)] = i;
    for (std::int64_t j = 0; j < rows.columns(); ++j) sums[label][j] += static_cast<double>(rows[i][j]);
  }
  auto means = Matrix<float>::uninitialised(n_clusters, rows.columns());
  for (std::int64_t c = 0; c < n_clusters; ++c) {
    double square = 0;
    for (const double sum : sums.row(c)) square += sum * sum;
    const double length = std::sqrt(square);
    for (std::int64_t j = 0; j < rows.columns(); ++j)
      means[c][j] = length > 1e-9 ? static_cast<float>(sums[c][j] / length)
                                  : rows[std::max<std::int64_t>(0, first[static_cast<std::size_t>(c)])][j];
  }
  return means;
}

}  // namespace

std::int64_t restarts_for(std::int64_t n_images, std::int64_t n_init) {
  constexpr std::int64_t most = 100, images_for_all = 2000;
  return std::max(n_init, std::min(most, most * images_for_all / std::max<std::int64_t>(1, n_images)));
}

AutoClustering cluster_automatically(MatrixView<const float> embeddings,
                                     const std::vector<SemanticSpace>& spaces, const CaeOptions& options,
                                     Progress& progress) {
  require(!spaces.empty() && spaces.size() <= 2, "cluster_automatically",
          "spaces must be one or two (nouns, captions), got ", spaces.size(), ".");
  const std::int64_t k = options.n_clusters;
  KMeansOptions more{.n_clusters = k, .seed = options.seed, .search = options.kmeans};
  more.search.n_init = restarts_for(embeddings.rows(), options.kmeans.n_init);

  std::vector<Matrix<float>> made;
  std::vector<MatrixView<const float>> words;
  for (const SemanticSpace& space : spaces) {
    if (space.placed.counterparts.empty())
      made.push_back(counterparts(embeddings, space.features, space.plan));
    words.push_back(space.placed.counterparts.empty() ? made.back().view()
                                                      : space.placed.counterparts.view());
  }
  std::vector<MatrixView<const float>> parts = {embeddings};
  parts.insert(parts.end(), words.begin(), words.end());

  AutoClustering result;
  result.fusion = fuse(parts, options.fusion);
  std::array<KMeansResult, 3> found;
  found[0] = kmeans(embeddings, more, progress);
  found[1] = kmeans(result.fusion.features, more, progress);
  found[2] = kmeans_from(embeddings, means_of(embeddings, found[1].labels, k), more, progress);
  const std::array<MatrixView<const float>, 1> images = {embeddings};
  std::size_t best = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ClusteringEvidence& evidence = result.evidence[i];
    evidence.by = static_cast<ClusteredBy>(i);
    evidence.of_images = explained(images, found[i].labels, k);
    evidence.of_words = explained(words, found[i].labels, k);
    evidence.score = evidence.of_images * std::sqrt(std::sqrt(evidence.of_words));
    if (evidence.score > result.evidence[best].score) best = i;
  }
  result.chosen = static_cast<ClusteredBy>(best);
  result.kmeans = std::move(found[best]);
  const bool fused = result.chosen == ClusteredBy::words;
  result.assignment = assignment_of(fused ? result.fusion.features.view() : embeddings, result.kmeans);
  if (!fused) result.fusion = {};
  return result;
}

}  // namespace ilk
