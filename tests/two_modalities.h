#pragma once

#include <numeric>

#include "core/random.h"
#include "matrices.h"

/// Images and texts of the same classes, each with noise of its own; texts may be narrower.
struct Scene {
  ilk::Matrix<float> images, texts;
  std::vector<std::int64_t> truth;
  std::vector<bool> wrong;  // whose text is another image's

  Scene(std::int64_t n, std::int64_t classes, double noise, std::uint64_t seed, std::int64_t text_width = 32)
      : wrong(static_cast<std::size_t>(n)) {
    for (std::int64_t i = 0; i < n; ++i) truth.push_back(i % classes);
    const auto rows = [&](std::int64_t width, std::uint64_t stream) {
      auto noisy = rows_of(random_matrix(classes, width, seed + stream), truth);
      const auto more = random_matrix(n, width, seed + stream + 1);
      for (std::int64_t i = 0; i < noisy.size(); ++i)
        noisy.data()[i] += static_cast<float>(noise) * more.data()[i];
      return unit_rows(std::move(noisy));
    };
    images = rows(32, 100), texts = rows(text_width, 200);
  }

  /// Gives a share of the images the text of any other.
  void shuffle_texts(double share, std::uint64_t seed) {
    ilk::RandomStream random(seed, "shuffle");
    std::vector<std::int64_t> rows(truth.size());
    std::iota(rows.begin(), rows.end(), 0);
    const std::int64_t n = texts.rows();
    for (const std::int64_t i : random.sample(n, static_cast<std::int64_t>(share * static_cast<double>(n)))) {
      rows[static_cast<std::size_t>(i)] = random.below(n);
      wrong[static_cast<std::size_t>(i)] = true;
    }
    texts = rows_of(texts, rows);
  }
};
