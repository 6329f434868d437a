// Included by table.h, once for each target, inside a namespace of that target. What all loops are made of.

constexpr std::int64_t lanes = 16;
constexpr float lowest = -__builtin_inff();

inline std::int64_t smaller(std::int64_t a, std::int64_t b) {
  return a < b ? a : b;
}

/// The sum of the lanes, folded in halves.
template <class Real, std::int64_t count>
inline Real folded(Real (&sums)[count]) {
  for (std::int64_t half = count / 2; half > 0; half /= 2)
    for (std::int64_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return sums[0];
}

// Registers of floats and of doubles: the operators of C++ work on them number by number. `add_product` is of
// doubles that were floats: their product is exact, so that it makes no difference whether it is fused.
#if defined(ILK_AVX512)
using Floats = __m512;
constexpr std::int64_t floats = 16;
inline Floats load(const float* from) {
  return _mm512_loadu_ps(from);
}
inline void store(float* to, Floats values) {
  _mm512_storeu_ps(to, values);
}
inline Floats all(float value) {
  return _mm512_set1_ps(value);
}
inline Floats fused(Floats a, Floats b, Floats c) {
  return _mm512_fmadd_ps(a, b, c);
}
using Doubles = __m512d;
constexpr std::int64_t doubles = 8;
inline Doubles load_doubles(const float* from) {
  return _mm512_cvtps_pd(_mm256_loadu_ps(from));
}
inline Doubles add_product(Doubles sum, Doubles a, Doubles b) {
  return _mm512_fmadd_pd(a, b, sum);
}
#elif defined(ILK_AVX2)
using Floats = __m256;
constexpr std::int64_t floats = 8;
inline Floats load(const float* from) {
  return _mm256_loadu_ps(from);
}
inline void store(float* to, Floats values) {
  _mm256_storeu_ps(to, values);
}
inline Floats all(float value) {
  return _mm256_set1_ps(value);
}
inline Floats fused(Floats a, Floats b, Floats c) {
  return _mm256_fmadd_ps(a, b, c);
}
using Doubles = __m256d;
constexpr std::int64_t doubles = 4;
inline Doubles load_doubles(const float* from) {
  return _mm256_cvtps_pd(_mm_loadu_ps(from));
}
inline Doubles add_product(Doubles sum, Doubles a, Doubles b) {
  return _mm256_fmadd_pd(a, b, sum);
}
#elif defined(ILK_NEON)
using Floats = float32x4_t;
constexpr std::int64_t floats = 4;
inline Floats load(const float* from) {
  return vld1q_f32(from);
}
inline void store(float* to, Floats values) {
  vst1q_f32(to, values);
}
inline Floats all(float value) {
  return vdupq_n_f32(value);
}
inline Floats fused(Floats a, Floats b, Floats c) {
  return vfmaq_f32(c, a, b);
}
using Doubles = float64x2_t;
constexpr std::int64_t doubles = 2;
inline Doubles load_doubles(const float* from) {
  return vcvt_f64_f32(vld1_f32(from));
}
inline Doubles add_product(Doubles sum, Doubles a, Doubles b) {
  return vfmaq_f64(sum, a, b);
}
#else
using Floats = float __attribute__((vector_size(16)));
constexpr std::int64_t floats = 4;
inline Floats load(const float* from) {
  Floats values;
  __builtin_memcpy(&values, from, sizeof(values));
  return values;
}
inline void store(float* to, Floats values) {
  __builtin_memcpy(to, &values, sizeof(values));
}
inline Floats all(float value) {
  return Floats{value, value, value, value};
}
using Doubles = double __attribute__((vector_size(16)));
constexpr std::int64_t doubles = 2;
inline Doubles load_doubles(const float* from) {
  return Doubles{from[0], from[1]};
}
inline Doubles add_product(Doubles sum, Doubles a, Doubles b) {
  return sum + a * b;
}
#endif
inline Doubles load(const double* from) {
  Doubles values;
  __builtin_memcpy(&values, from, sizeof(values));
  return values;
}
inline void store(double* to, Doubles values) {
  __builtin_memcpy(to, &values, sizeof(values));
}

// a · b + c, rounded once, on every processor.
#if !defined(ILK_PLAIN)
inline float fused(float a, float b, float c) {
  return __builtin_fmaf(a, b, c);
}
#elif defined(__FP_FAST_FMAF) || !defined(__SSE2__)
inline float fused(float a, float b, float c) {
  return __builtin_fmaf(a, b, c);
}
inline Floats fused(Floats a, Floats b, Floats c) {
  for (int i = 0; i < floats; ++i) c[i] = fused(a[i], b[i], c[i]);
  return c;
}
#else
// Without an instruction for it. In float64 the product is exact and the sum is not, so rounding the sum to
// float32 would round twice; but once right where the sum is rounded to odd first (Boldo and Melquiond 2008):
// to the number nearer to 0, and its last bit set, where something was lost. Conversions are intrinsics
// because GCC 12 leaves out those from float64 to float32 and back that it sees.
using Longs = std::int64_t __attribute__((vector_size(16)));
inline __m128 fused_pair(__m128 x, __m128 y, __m128 z) {
  const Doubles product = _mm_cvtps_pd(x) * _mm_cvtps_pd(y), addend = _mm_cvtps_pd(z);
  const Doubles sum = product + addend, part = sum - product;
  const Doubles lost = (product - (sum - part)) + (addend - part);
  const Longs bits = (Longs)sum;
  // Above 0 where the sum is too small in size, below where it is too large; NaN where it is infinite.
  const Doubles outward = (Doubles)((Longs)lost ^ (bits & INT64_MIN));
  const Longs small = (Longs)(outward > 0.0), large = (Longs)(outward < 0.0);
  return _mm_cvtpd_ps((Doubles)((bits + large) | ((small | large) & 1)));
}
inline Floats fused(Floats a, Floats b, Floats c) {
  return _mm_movelh_ps(fused_pair(a, b, c),
                       fused_pair(_mm_movehl_ps(a, a), _mm_movehl_ps(b, b), _mm_movehl_ps(c, c)));
}
inline float fused(float a, float b, float c) {
  return _mm_cvtss_f32(fused_pair(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)));
}
#endif

template <class Number>
inline Number higher(Number a, Number b) {
  return a > b ? a : b;
}
template <class Number>
inline Number lower(Number a, Number b) {
  return a < b ? a : b;
}
/// NaN stays NaN.
inline Floats at_least(float bound, Floats x) {
  return higher(all(bound), x);
}
inline Floats at_most(float bound, Floats x) {
  return lower(all(bound), x);
}

/// Calls body(i) for every i at which a register of n numbers begins; returns where the rest, less than a
/// register, does.
template <class Body>
inline std::int64_t registers_of(std::int64_t n, Body body) {
  std::int64_t i = 0;
  for (; i + floats <= n; i += floats) body(i);
  return i;
}

/// x = change(x) for each of n numbers.
template <class Change>
inline void change_all(float* x, std::int64_t n, Change change) {
  const std::int64_t rest = registers_of(n, [&](std::int64_t i) { store(x + i, change(load(x + i))); });
  if (rest == n) return;
  float last[floats] = {};
  for (std::int64_t i = rest; i < n; ++i) last[i - rest] = x[i];
  store(last, change(load(last)));
  for (std::int64_t i = rest; i < n; ++i) x[i] = last[i - rest];
}
