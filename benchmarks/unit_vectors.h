#pragma once
#include <torch/types.h>

/// Random unit vectors, in `groups` groups around random directions (0: evenly over the sphere).
inline torch::Tensor unit_vectors(std::int64_t n, std::int64_t d, std::int64_t groups = 0) {
  auto rows = torch::randn({n, d});
  if (groups > 0) rows += torch::randn({groups, d}).index_select(0, torch::randint(groups, {n}));
  return rows / rows.norm(2, 1, true);
}
