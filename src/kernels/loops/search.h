inline float highest(const float* values, std::int64_t n) {
  constexpr std::int64_t registers = lanes / floats;
  Floats tops[registers];
  for (Floats& top : tops) top = all(values[0]);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
#pragma GCC unroll 4
    for (std::int64_t r = 0; r < registers; ++r) tops[r] = higher(load(values + i + r * floats), tops[r]);
  float stored[lanes];
#pragma GCC unroll 4
  for (std::int64_t r = 0; r < registers; ++r) store(stored + r * floats, tops[r]);
  for (; i < n; ++i) stored[0] = higher(values[i], stored[0]);
  for (std::int64_t half = lanes / 2; half > 0; half /= 2)
    for (std::int64_t lane = 0; lane < half; ++lane) stored[lane] = higher(stored[lane + half], stored[lane]);
  return stored[0];
}

inline TopTwo top_two(const float* values, std::int64_t n) {
  constexpr std::int64_t registers = lanes / floats;
  Floats first[registers], second[registers];
  for (std::int64_t r = 0; r < registers; ++r) first[r] = second[r] = all(lowest);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
#pragma GCC unroll 4
    for (std::int64_t r = 0; r < registers; ++r) {
      const Floats value = load(values + i + r * floats);
      second[r] = higher(second[r], lower(first[r], value));
      first[r] = higher(first[r], value);
    }
  float firsts[lanes], seconds[lanes];
#pragma GCC unroll 4
  for (std::int64_t r = 0; r < registers; ++r) {
    store(firsts + r * floats, first[r]);
    store(seconds + r * floats, second[r]);
  }
  for (; i < n; ++i) {
    seconds[0] = higher(seconds[0], lower(firsts[0], values[i]));
    firsts[0] = higher(firsts[0], values[i]);
  }
  // Folded in halves: the second of two pairs is the higher second or the lower first.
  for (std::int64_t half = lanes / 2; half > 0; half /= 2)
    for (std::int64_t lane = 0; lane < half; ++lane) {
      const float other = firsts[lane + half];
      seconds[lane] = higher(higher(seconds[lane], seconds[lane + half]), lower(firsts[lane], other));
      firsts[lane] = higher(firsts[lane], other);
    }
  return {firsts[0], seconds[0]};
}

#if defined(ILK_AVX2) || defined(ILK_AVX512)
inline std::int64_t not_below(const float* values, std::int64_t n, float threshold, std::int32_t* indices) {
  std::int64_t count = 0, i = 0;
#if defined(ILK_AVX512)
  const __m512 limit = _mm512_set1_ps(threshold);
  const __m512i sixteen = _mm512_set1_epi32(16);
  __m512i at = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (; i + 16 <= n; i += 16, at = _mm512_add_epi32(at, sixteen)) {
    const __mmask16 kept = _mm512_cmp_ps_mask(_mm512_loadu_ps(values + i), limit, _CMP_NLT_UQ);
    if (kept == 0) continue;
    // Room for n: what lies beyond the count is written again.
    _mm512_storeu_si512(indices + count, _mm512_maskz_compress_epi32(kept, at));
    count += __builtin_popcount(kept);
  }
#else
  const __m256 limit = _mm256_set1_ps(threshold);
  for (; i + 8 <= n; i += 8) {
    const __m256 kept = _mm256_cmp_ps(_mm256_loadu_ps(values + i), limit, _CMP_NLT_UQ);
    for (auto left = static_cast<unsigned>(_mm256_movemask_ps(kept)); left != 0; left &= left - 1)
      indices[count++] = static_cast<std::int32_t>(i) + __builtin_ctz(left);
  }
#endif
  for (; i < n; ++i)
    if (!(values[i] < threshold)) indices[count++] = static_cast<std::int32_t>(i);
  return count;
}

inline void group_tops(const float* values, std::int64_t n, std::int64_t size, float* tops) {
  for (std::int64_t group = 0; group < n; ++group, values += size) {
    __m256 top = _mm256_loadu_ps(values);
    for (std::int64_t i = 8; i < size; i += 8) top = _mm256_max_ps(top, _mm256_loadu_ps(values + i));
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(top), _mm256_extractf128_ps(top, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    tops[group] = _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
  }
}
#else
inline std::int64_t not_below(const float* values, std::int64_t n, float threshold, std::int32_t* indices) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i)
    if (!(values[i] < threshold)) indices[count++] = static_cast<std::int32_t>(i);
  return count;
}

inline void group_tops(const float* values, std::int64_t n, std::int64_t size, float* tops) {
  for (std::int64_t group = 0; group < n; ++group, values += size) {
    Floats top = load(values);
    for (std::int64_t i = floats; i < size; i += floats) top = higher(top, load(values + i));
    tops[group] = higher(higher(top[0], top[2]), higher(top[1], top[3]));
  }
}
#endif
