#include "naming/word_evidence.h"

#include <ilk/transport.h>

#include <algorithm>
#include <cmath>

#include "kernels/kernels.h"

namespace ilk {
namespace {

// Chosen on labelled pictures (docs/results/names.md): sharper, and an image speaks for its best noun alone;
// flatter, and every noun has its share.
constexpr double temperature_per_spread = 1.3;
constexpr std::int64_t images_per_block = 16;

}  // namespace

WordEvidence::WordEvidence(MatrixView<const float> embeddings, const NamingWords& words,
                           const std::vector<Concept>& concepts)
    : embeddings_(embeddings),
      nouns_(PackedMatrix::of_transpose(words.features)),
      concept_of_(words.nouns.size()),
      kinds_begin_{0} {
  for (std::size_t c = 0; c < concepts.size(); ++c) {
    for (const std::int64_t noun : concepts[c].nouns)
      concept_of_[static_cast<std::size_t>(noun)] = static_cast<std::int64_t>(c);
    kinds_of_.insert(kinds_of_.end(), concepts[c].kinds_of.begin(), concepts[c].kinds_of.end());
    kinds_begin_.push_back(std::ssize(kinds_of_));
  }
  const double spread = std::max(similarity_spread(embeddings, words.features), 1e-3);
  scale_ = static_cast<float>(1 / (temperature_per_spread * spread));
}

GroupEvidence WordEvidence::of(const std::vector<std::int64_t>& images) const {
  const auto& loops = kernels::kernels();
  const std::size_t n_concepts = kinds_begin_.size() - 1;
  GroupEvidence group{.n_images = std::ssize(images),
                      .mean = std::vector<double>(n_concepts),
                      .mean_root = std::vector<double>(n_concepts),
                      .variance_root = std::vector<double>(n_concepts)};
  auto rows = Matrix<float>::uninitialised(images_per_block, embeddings_.columns());
  auto scores = Matrix<float>::uninitialised(images_per_block, nouns_.columns());
  std::vector<double> own(n_concepts), evidence(n_concepts);
  for (std::size_t begin = 0; begin < images.size(); begin += images_per_block) {
    const auto count =
        static_cast<std::int64_t>(std::min<std::size_t>(images_per_block, images.size() - begin));
    for (std::int64_t i = 0; i < count; ++i)
      std::copy_n(embeddings_[images[begin + static_cast<std::size_t>(i)]], rows.columns(), rows[i]);
    multiply(rows.view().rows_between(0, count), nouns_, nullptr, scores.view().rows_between(0, count));
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t p = scores.columns();
      float* row = scores[i];
      const double sum = loops.exponentiate(row, p, *std::max_element(row, row + p), scale_);
      std::fill(own.begin(), own.end(), 0.0);
      for (std::int64_t j = 0; j < p; ++j)
        own[static_cast<std::size_t>(concept_of_[static_cast<std::size_t>(j)])] +=
            static_cast<double>(row[j]);
      std::fill(evidence.begin(), evidence.end(), 0.0);
      for (std::size_t c = 0; c < n_concepts; ++c) {
        const double probability = own[c] / sum;
        for (std::int64_t at = kinds_begin_[c]; at < kinds_begin_[c + 1]; ++at)
          evidence[static_cast<std::size_t>(kinds_of_[static_cast<std::size_t>(at)])] += probability;
      }
      for (std::size_t c = 0; c < n_concepts; ++c) {
        group.mean[c] += evidence[c];
        group.mean_root[c] += std::sqrt(evidence[c]);
      }
    }
  }
  if (images.empty()) return group;
  const auto n = static_cast<double>(images.size());
  for (std::size_t c = 0; c < n_concepts; ++c) {
    group.mean[c] /= n;
    group.mean_root[c] /= n;
    // The mean of (√e)² is the mean of e.
    group.variance_root[c] = std::max(0.0, group.mean[c] - group.mean_root[c] * group.mean_root[c]);
  }
  return group;
}

}  // namespace ilk
