inline float spend(float* numbers, const float* costs, float cost, std::int64_t n) {
  constexpr std::int64_t registers = lanes / floats;
  Floats least[registers];
  for (Floats& one : least) one = all(-lowest);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
#pragma GCC unroll 4
    for (std::int64_t r = 0; r < registers; ++r) {
      const std::int64_t at = i + r * floats;
      const Floats left = (load(numbers + at) - (load(costs + at) + cost)) * 0.999999f;
      store(numbers + at, left);
      least[r] = lower(left, least[r]);
    }
  float stored[lanes];
#pragma GCC unroll 4
  for (std::int64_t r = 0; r < registers; ++r) store(stored + r * floats, least[r]);
  for (std::int64_t lane = 0; i < n; ++i, ++lane) {
    numbers[i] = (numbers[i] - (costs[i] + cost)) * 0.999999f;
    stored[lane] = lower(numbers[i], stored[lane]);
  }
  for (std::int64_t half = lanes / 2; half > 0; half /= 2)
    for (std::int64_t lane = 0; lane < half; ++lane) stored[lane] = lower(stored[lane + half], stored[lane]);
  return stored[0];
}

inline void distances_of(const float* products, const float* halves, float half, std::int64_t n,
                         float* distances) {
  for (std::int64_t j = 0; j < n; ++j) {
    const float distance = (half + halves[j]) - products[j];
    distances[j] = distance > 0 ? distance : 0;
  }
}

inline void add_gains(const float* distances, const float* lowest_so_far, std::int64_t n, double* gains) {
  for (std::int64_t j = 0; j < n; ++j) {
    const double gain = static_cast<double>(lowest_so_far[j]) - static_cast<double>(distances[j]);
    gains[j] += gain > 0 ? gain : 0;
  }
}
