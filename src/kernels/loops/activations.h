// What encoders do between products.

inline void add_elements(float* y, const float* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += x[i];
}

inline void quick_gelu(float* x, std::int64_t n) {
  change_all(x, n, [&](Floats value) {
    const Floats e = exp_of(at_most(highest_exponent, at_least(lowest_exponent, value * 1.702f)));
    return value * (e / (e + 1.0f));
  });
}

/// x Φ(x) = max(x, 0) − |x| Φ(−|x|). With t = |x|: Φ(−t) = e^−t²/2 P(u) / (t + 4), u = (t − 4) / (t + 4); P
/// agrees with what it stands for at Chebyshev's points up to t = 13.3, and misses less than 2^-25.
inline void gelu(float* x, std::int64_t n) {
  change_all(x, n, [&](Floats value) {
    const Floats none = all(0), positive = value > none ? value : none;
    const Floats t = at_most(14, value < none ? -value : value);  // where Φ(−t) is 0, and so for infinity
    const Floats inverse = 1.0f / (t + 4.0f), u = fused(all(-8), inverse, all(1));
    constexpr float coefficients[] = {-0x1.e5e228p-14f, 0x1.bbb6c4p-13f, 0x1.9d9646p-10f, -0x1.cea71ap-9f,
                                      -0x1.eda6bcp-8f,  0x1.eeda58p-5f,  -0x1.7dff5ap-3f, 0x1.8c6d9p-2f,
                                      -0x1.373e3ap-1f,  0x1.82b4bcp-1f};
    Floats tail = all(coefficients[0]);
    for (int i = 1; i < 10; ++i) tail = fused(tail, u, all(coefficients[i]));
    // What rounding takes off t² counts where it is large.
    const Floats square = t * t, lost = fused(t, t, -square);
    const Floats e = exp_of(at_least(lowest_exponent, square * -0.5f));
    return fused(-t, fused(e, lost * -0.5f, e) * (tail * inverse), positive);
  });
}

inline void softmax_row(float* values, std::int64_t n) {
  const Floats most = all(highest(values, n));
  constexpr std::int64_t registers = lanes / floats;
  Floats sums[registers] = {};
  const auto take = [&](float* some) {
#pragma GCC unroll 4
    for (std::int64_t r = 0; r < registers; ++r) {
      const Floats power = exp_of(at_least(lowest_exponent, load(some + r * floats) - most));
      store(some + r * floats, power);
      sums[r] += power;
    }
  };
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) take(values + i);
  if (i < n) {
    float last[lanes];
    for (std::int64_t lane = 0; lane < lanes; ++lane) last[lane] = i + lane < n ? values[i + lane] : lowest;
    take(last);
    for (std::int64_t lane = 0; i + lane < n; ++lane) values[i + lane] = last[lane];
  }
  float stored[lanes];
  for (std::int64_t r = 0; r < registers; ++r) store(stored + r * floats, sums[r]);
  const float inverse = 1 / folded(stored);
  for (std::int64_t j = 0; j < n; ++j) values[j] *= inverse;
}

inline void softmax(float* scores, std::int64_t stride, std::int64_t m, std::int64_t n, float factor,
                    const float* bias) {
  if (n == 0) return;
  for (std::int64_t row = 0; row < m; ++row, scores += stride) {
    for (std::int64_t i = 0; i < n; ++i) scores[i] *= factor;
    if (bias != nullptr) add_elements(scores, bias + row * n, n);
    softmax_row(scores, n);
  }
}

inline void mix_rows(const float* query, const float* keys, const float* values, std::int64_t width,
                     std::int64_t heads, const std::int64_t* places, std::int64_t length, float factor,
                     float* scores, float* mixed) {
  const std::int64_t head_width = width / heads;
  for (std::int64_t i = 0; i < length; ++i)
    for (std::int64_t head = 0; head < heads; ++head)
      scores[head * length + i] =
          dot_f32(query + head * head_width, keys + places[i] * width + head * head_width, head_width);
  softmax(scores, length, heads, length, factor, nullptr);
  for (std::int64_t j = 0; j < width; ++j) mixed[j] = 0;
  for (std::int64_t i = 0; i < length; ++i)
    for (std::int64_t head = 0; head < heads; ++head)
      add_scaled(mixed + head * head_width, values + places[i] * width + head * head_width,
                 scores[head * length + i], head_width);
}

inline void layer_norm(const float* x, std::int64_t n, const float* weight, const float* bias, float epsilon,
                       float* y) {
  const auto count = static_cast<double>(n);
  const double mean = sum(x, n) / count;
  const auto square = [](auto off) { return off * off; };
  const double variance =
      sum_of(
          n, [=](Doubles sum, std::int64_t i) { return sum + square(load_doubles(x + i) - mean); },
          [=](std::int64_t i) { return square(static_cast<double>(x[i]) - mean); }) /
      count;
  const double inverse = 1 / __builtin_sqrt(variance + static_cast<double>(epsilon));
  if (y != x) __builtin_memcpy(y, x, static_cast<std::size_t>(n) * sizeof(float));
  for (std::int64_t i = 0; i < n; ++i)
    y[i] = static_cast<float>((static_cast<double>(y[i]) - mean) * inverse);
  std::int64_t i = registers_of(
      n, [&](std::int64_t at) { store(y + at, fused(load(y + at), load(weight + at), load(bias + at))); });
  for (; i < n; ++i) y[i] = fused(y[i], weight[i], bias[i]);
}
