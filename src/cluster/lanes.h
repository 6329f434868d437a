#pragma once
#include <algorithm>
#include <cstdint>

namespace ilk::internal {

// Reductions over floats in sixteen fixed lanes, which a compiler may turn into vector instructions without
// being allowed to reorder sums; the result is the same on every machine.
inline constexpr std::int64_t lane_count = 16;

template <class Value>
float lane_max(std::int64_t n, float start, Value value) {
  float lanes[lane_count];
  std::fill_n(lanes, lane_count, start);
  std::int64_t i = 0;
  for (; i + lane_count <= n; i += lane_count)
    for (std::int64_t lane = 0; lane < lane_count; ++lane) {
      const float candidate = value(i + lane);
      lanes[lane] = candidate > lanes[lane] ? candidate : lanes[lane];
    }
  for (; i < n; ++i) lanes[0] = std::max(lanes[0], value(i));
  return *std::max_element(lanes, lanes + lane_count);
}

template <class Value>
double lane_sum(std::int64_t n, Value value) {
  double lanes[lane_count] = {};
  std::int64_t i = 0;
  for (; i + lane_count <= n; i += lane_count)
    for (std::int64_t lane = 0; lane < lane_count; ++lane) lanes[lane] += value(i + lane);
  for (; i < n; ++i) lanes[0] += value(i);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

}  // namespace ilk::internal
