#include "naming/word_evidence.h"

#include <ilk/transport.h>

#include <cmath>

#include "cluster/scratch_pool.h"
#include "core/parallel.h"
#include "kernels/kernels.h"

namespace ilk {
namespace {

// Chosen on labelled pictures (docs/results/names.md): sharper, and an image speaks for its best noun alone;
// flatter, and every noun has its share.
constexpr double temperature_per_spread = 1.3;
// Nouns are read from memory once for so many images, as many as 32 MiB of scores are of.
constexpr std::int64_t most_images_at_once = 128, least_images_at_once = 16,
                       most_scores = std::int64_t{1} << 23;
constexpr std::int64_t nouns_per_block = 512, images_per_block = 4, concepts_per_block = 4096;

/// An image's place in a group.
struct Membership {
  std::int64_t image, group;
};

/// By image, then by group.
std::vector<Membership> memberships(std::span<const ImageRows> groups) {
  std::vector<Membership> all;
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (const std::int64_t image : groups[g]) all.push_back({image, static_cast<std::int64_t>(g)});
  std::sort(all.begin(), all.end(), [](const Membership& a, const Membership& b) {
    return a.image != b.image ? a.image < b.image : a.group < b.group;
  });
  return all;
}

}  // namespace

WordEvidence::WordEvidence(MatrixView<const float> embeddings, const NamingWords& words,
                           const std::vector<Concept>& concepts)
    : embeddings_(embeddings),
      nouns_(Int16Rows(words.features)),
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

/// Some images, B of them, and what they say.
struct WordEvidence::Batch {
  struct Sums {
    std::vector<double> own, with_kinds;
  };

  Batch(std::int64_t size, std::int64_t dimensions, std::int64_t n_nouns, std::int64_t n_concepts)
      : rows(Matrix<float>::uninitialised(size, dimensions)),
        scores(Matrix<float>::uninitialised(size, n_nouns)),
        evidence(Matrix<float>::uninitialised(size, n_concepts)),
        sums([n_concepts] {
          const auto n = static_cast<std::size_t>(n_concepts);
          return std::make_unique<Sums>(Sums{std::vector<double>(n), std::vector<double>(n)});
        }) {}

  Matrix<float> rows, scores, evidence;  // (B, D), (B, P), (B, C)
  std::int64_t count = 0;
  internal::ScratchPool<Sums> sums;
};

void WordEvidence::take_evidence(Batch& batch) const {
  const auto& loops = kernels::kernels();
  const std::int64_t p = nouns_.columns();
  const Int16Rows rows(batch.rows.rows_between(0, batch.count));
  parallel_blocks(p, nouns_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    multiply(rows, nouns_.columns_between(begin, end), nullptr,
             batch.scores.rows_between(0, batch.count).columns_between(begin, end));
  });
  parallel_blocks(batch.count, images_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    batch.sums.use([&](Batch::Sums& sums) {
      for (std::int64_t i = begin; i < end; ++i) {
        float* row = batch.scores[i];
        const double sum = loops.exponentiate(row, p, loops.highest(row, p), scale_);
        std::ranges::fill(sums.own, 0.0);
        for (std::int64_t j = 0; j < p; ++j)
          sums.own[static_cast<std::size_t>(concept_of_[static_cast<std::size_t>(j)])] +=
              static_cast<double>(row[j]);
        std::ranges::fill(sums.with_kinds, 0.0);
        for (std::size_t c = 0; c < sums.own.size(); ++c)
          for (std::int64_t at = kinds_begin_[c]; at < kinds_begin_[c + 1]; ++at)
            sums.with_kinds[static_cast<std::size_t>(kinds_of_[static_cast<std::size_t>(at)])] += sums.own[c];
        for (std::size_t c = 0; c < sums.own.size(); ++c)
          batch.evidence[i][c] = static_cast<float>(sums.with_kinds[c] / sum);
      }
    });
  });
}

Evidence WordEvidence::of(std::span<const ImageRows> groups) const {
  const std::vector<Membership> members = memberships(groups);
  Evidence found(std::ssize(groups), n_concepts());
  for (std::size_t g = 0; g < groups.size(); ++g) found.n_images_[g] = std::ssize(groups[g]);
  const std::int64_t size = std::clamp(most_scores / std::max<std::int64_t>(1, nouns_.columns()),
                                       least_images_at_once, most_images_at_once);
  Batch batch(size, embeddings_.columns(), nouns_.columns(), n_concepts());
  for (std::size_t first = 0; first < members.size();) {
    batch.count = 0;
    std::size_t last = first;
    std::vector<std::int64_t> places;  // in the batch, of the memberships from `first` on
    for (; last < members.size(); ++last) {
      if (last == first || members[last].image != members[last - 1].image) {
        if (batch.count == size) break;
        std::ranges::copy(embeddings_.row(members[last].image), batch.rows[batch.count++]);
      }
      places.push_back(batch.count - 1);
    }
    take_evidence(batch);
    parallel_blocks(
        n_concepts(), concepts_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
          for (std::size_t m = first; m < last; ++m) {
            const float* evidence = batch.evidence[places[m - first]];
            float *mean = found.mean_[members[m].group], *mean_root = found.mean_root_[members[m].group];
            for (std::int64_t c = begin; c < end; ++c) {
              mean[c] += evidence[c];
              mean_root[c] += std::sqrt(evidence[c]);
            }
          }
        });
    first = last;
  }
  parallel_blocks(std::ssize(groups), 1, [&](std::int64_t group, std::int64_t, std::int64_t) {
    const auto n =
        static_cast<float>(std::max<std::int64_t>(1, found.n_images_[static_cast<std::size_t>(group)]));
    for (float& value : found.mean_.row(group)) value /= n;
    for (float& value : found.mean_root_.row(group)) value /= n;
  });
  return found;
}

}  // namespace ilk
