inline void add_rounded(double* sums, const float* values, std::int64_t n, double rounding) {
  for (std::int64_t i = 0; i < n; ++i) sums[i] += (static_cast<double>(values[i]) + rounding) - rounding;
}
inline void subtract_rounded(double* sums, const float* values, std::int64_t n, double rounding) {
  for (std::int64_t i = 0; i < n; ++i) sums[i] -= (static_cast<double>(values[i]) + rounding) - rounding;
}

inline void add_row(double* __restrict sums, const float* __restrict row, float weight, std::int64_t n) {
  for (std::int64_t j = 0; j < n; ++j) sums[j] += static_cast<double>(row[j] * weight);
}

inline void add_four_rows(double* __restrict sums, const float* __restrict rows,
                          const float* __restrict weights, std::int64_t n) {
  const float *a = rows, *b = a + n, *c = b + n, *d = c + n;
  const float wa = weights[0], wb = weights[1], wc = weights[2], wd = weights[3];
  for (std::int64_t j = 0; j < n; ++j)
    sums[j] += static_cast<double>((a[j] * wa + b[j] * wb) + (c[j] * wc + d[j] * wd));
}

inline void add_scaled(float* __restrict y, const float* __restrict x, float factor, std::int64_t n) {
  std::int64_t j =
      registers_of(n, [&](std::int64_t i) { store(y + i, fused(load(x + i), all(factor), load(y + i))); });
  for (; j < n; ++j) y[j] = fused(x[j], factor, y[j]);
}

inline void scale(const float* __restrict row, float weight, float* __restrict scaled, std::int64_t n) {
  for (std::int64_t j = 0; j < n; ++j) scaled[j] = row[j] * weight;
}

inline void multiply_elements(const float* __restrict row, float weight, const float* __restrict factors,
                              float* __restrict products, std::int64_t n) {
  for (std::int64_t j = 0; j < n; ++j) products[j] = row[j] * weight * factors[j];
}

inline double sum(const float* values, std::int64_t n) {
  return sum_of(
      n, [=](Doubles sum, std::int64_t i) { return sum + load_doubles(values + i); },
      [=](std::int64_t i) { return static_cast<double>(values[i]); });
}

inline double sum_of_squares(const float* values, std::int64_t n) {
  return dot_f64(values, values, n);
}
