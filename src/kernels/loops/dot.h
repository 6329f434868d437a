/// The sum of n numbers in float64, sixteen lanes: add(sum, i) adds those that begin at i, a register of
/// them, and one(i) is a single one.
template <class Add, class One>
inline double sum_of(std::int64_t n, Add add, One one) {
  constexpr std::int64_t registers = lanes / doubles;
  Doubles sums[registers] = {};
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
#pragma GCC unroll 8
    for (std::int64_t r = 0; r < registers; ++r) sums[r] = add(sums[r], i + r * doubles);
  double stored[lanes];
#pragma GCC unroll 8
  for (std::int64_t r = 0; r < registers; ++r) store(stored + r * doubles, sums[r]);
  for (std::int64_t lane = 0; i < n; ++i, ++lane) stored[lane] += one(i);
  return folded(stored);
}

inline double dot_f64(const float* a, const float* b, std::int64_t n) {
  return sum_of(
      n,
      [=](Doubles sum, std::int64_t i) { return add_product(sum, load_doubles(a + i), load_doubles(b + i)); },
      [=](std::int64_t i) { return static_cast<double>(a[i]) * static_cast<double>(b[i]); });
}

inline double dot_mixed(const float* a, const double* b, std::int64_t n) {
  return sum_of(
      n, [=](Doubles sum, std::int64_t i) { return sum + load_doubles(a + i) * load(b + i); },
      [=](std::int64_t i) { return static_cast<double>(a[i]) * b[i]; });
}

// Sums of float32 have 32 lanes, in as many registers as these fill.
constexpr std::int64_t wide_lanes = 2 * lanes, wide_registers = wide_lanes / floats;

inline float dot_f32(const float* a, const float* b, std::int64_t n) {
  Floats sums[wide_registers] = {};
  std::int64_t i = 0;
  for (; i + wide_lanes <= n; i += wide_lanes)
#pragma GCC unroll 8
    for (std::int64_t r = 0; r < wide_registers; ++r)
      sums[r] = fused(load(a + i + r * floats), load(b + i + r * floats), sums[r]);
  float stored[wide_lanes];
#pragma GCC unroll 8
  for (std::int64_t r = 0; r < wide_registers; ++r) store(stored + r * floats, sums[r]);
  for (std::int64_t lane = 0; i < n; ++i, ++lane) stored[lane] = fused(a[i], b[i], stored[lane]);
  return folded(stored);
}

inline float half_squared_distance(const float* a, const float* b, std::int64_t n) {
  Floats sums[wide_registers] = {};
  std::int64_t i = 0;
  for (; i + wide_lanes <= n; i += wide_lanes)
#pragma GCC unroll 8
    for (std::int64_t r = 0; r < wide_registers; ++r) {
      const Floats difference = load(a + i + r * floats) - load(b + i + r * floats);
      sums[r] = fused(difference, difference, sums[r]);
    }
  float stored[wide_lanes];
#pragma GCC unroll 8
  for (std::int64_t r = 0; r < wide_registers; ++r) store(stored + r * floats, sums[r]);
  for (std::int64_t lane = 0; i < n; ++i, ++lane)
    stored[lane] = fused(a[i] - b[i], a[i] - b[i], stored[lane]);
  return folded(stored) / 2;
}
