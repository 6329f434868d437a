#pragma once
#include <ilk/kmeans.h>

#include "core/random.h"

/// Random unit vectors, in `groups` groups around random directions (0: evenly over the sphere); others for
/// each `index`.
inline ilk::Matrix<float> unit_vectors(std::int64_t n, std::int64_t d, std::int64_t groups = 0,
                                       std::uint64_t index = 0) {
  ilk::RandomStream random(0, "unit vectors", index);
  const auto normal = [&](std::int64_t rows) {
    auto matrix = ilk::Matrix<float>::uninitialised(rows, d);
    for (float& value : matrix.flat()) value = static_cast<float>(random.normal());
    return matrix;
  };
  auto rows = normal(n);
  const auto centres = normal(groups);
  for (std::int64_t i = 0; i < n && groups > 0; ++i) {
    const float* centre = centres[random.below(groups)];
    for (std::int64_t j = 0; j < d; ++j) rows[i][j] += centre[j];
  }
  return ilk::normalise_rows(rows, "unit_vectors", "rows");
}
