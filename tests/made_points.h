#pragma once
// Points on the unit sphere for tests of k-means.
#include <ilk/matrix.h>

#include <cstdint>
#include <utility>

#include "core/random.h"
#include "matrices.h"

/// Points around `groups` random directions; a larger spread makes them overlap.
inline ilk::Matrix<float> grouped(std::int64_t n, std::int64_t d, std::int64_t groups, double spread,
                                  std::uint64_t seed) {
  ilk::RandomStream random(seed, "groups");
  const auto centres = random_matrix(groups, d, seed + 1);
  auto rows = random_matrix(n, d, seed + 2);
  for (std::int64_t i = 0; i < n; ++i) {
    const float* centre = centres[random.below(groups)];
    for (std::int64_t j = 0; j < d; ++j) rows[i][j] = static_cast<float>(spread) * rows[i][j] + centre[j];
  }
  return unit_rows(std::move(rows));
}

inline ilk::Matrix<float> axes(std::int64_t n) {
  ilk::Matrix<float> result(n, n);
  for (std::int64_t i = 0; i < n; ++i) result[i][i] = 1;
  return result;
}
