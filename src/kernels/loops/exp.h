// Numbers from lowest_exponent on have an e^x; that of lowest_exponent itself comes out as 0.
constexpr float lowest_exponent = -88, highest_exponent = 88;

/// e^x for x from lowest_exponent to highest_exponent, within a unit in the last place; 0 below −87.68, and
/// numbers that are no longer normal above. e^x = 2^k e^r with r = x − k ln 2, |r| ≤ ln(2) / 2, and e^r = 1 +
/// r + r² P(r), with a polynomial that agrees with the rest of the series at Chebyshev's points and misses
/// less than 2^-30.
inline Floats exp_of(Floats x) {
  // Adding this rounds to a whole number k and leaves k + 127 in the lowest bits.
  const Floats rounding = all(0x1.8p23f + 127);
  const Floats shifted = fused(x, all(1.44269504f), rounding);
  const Floats k = shifted - rounding;
  const Floats r = fused(k, all(0x1.05c61p-29f), fused(k, all(-0x1.62e43p-1f), x));  // ln 2 in two parts
  Floats rest = all(0x1.a12594p-13f);
  rest = fused(rest, r, all(0x1.6d432ep-10f));
  rest = fused(rest, r, all(0x1.1110ep-7f));
  rest = fused(rest, r, all(0x1.5554e8p-5f));
  rest = fused(rest, r, all(0x1.555556p-3f));
  rest = fused(rest, r, all(0.5f));
  using Bits = std::uint32_t __attribute__((vector_size(sizeof(Floats))));
  const Floats power = (Floats)((Bits)shifted << 23);
  return (fused(rest, r * r, r) + 1.0f) * power;
}

/// The highest number(j) of n ≥ 1, in registers or, at the end, one by one.
template <class Register, class One>
inline float highest_of(std::int64_t n, Register numbers, One number) {
  Floats tops = all(lowest);
  std::int64_t j = registers_of(n, [&](std::int64_t i) { tops = higher(numbers(i), tops); });
  float stored[floats], top = lowest;
  store(stored, tops);
  for (const float one : stored) top = higher(one, top);
  for (; j < n; ++j) top = higher(number(j), top);
  return top;
}

inline Preferences prefer(const float* __restrict cosines, const float* __restrict coarse,
                          const float* __restrict fine, float quantum, float* __restrict preferences,
                          std::int64_t n) {
  const float near_top = highest_of(
      n, [=](std::int64_t i) { return load(cosines + i) + load(coarse + i); },
      [=](std::int64_t j) { return cosines[j] + coarse[j]; });
  // Adding this rounds to a multiple of the quantum.
  const float rounding = 0x1.8p23f * quantum;
  const float origin = near_top + rounding - rounding;
  const float highest = highest_of(
      n,
      [=](std::int64_t i) {
        const Floats preference = (load(cosines + i) - (all(origin) - load(coarse + i))) + load(fine + i);
        store(preferences + i, preference);
        return preference;
      },
      [=](std::int64_t j) { return preferences[j] = (cosines[j] - (origin - coarse[j])) + fine[j]; });
  return {origin, highest};
}

inline double exponentiate(float* values, std::int64_t n, float highest_value, float factor) {
  change_all(values, n,
             [=](Floats x) { return exp_of(at_least(lowest_exponent, (x - highest_value) * factor)); });
  return sum(values, n);
}
