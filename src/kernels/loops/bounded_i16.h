// Products of 16-bit whole numbers of known bound: see BoundedProduct in kernels.h. Tiles as in
// product_i16.h, but a sum goes over a whole row, and what is made of it is made in registers.

/// To a whole number, to the nearest, ties to even; |value| is below 2^22.
inline std::int16_t whole_number(float value) {
  constexpr float rounding = 0x1.8p23f;
  return static_cast<std::int16_t>(static_cast<std::int32_t>(value + rounding - rounding));
}

#if defined(ILK_AVX512) || defined(ILK_AVX2)
/// largest_size, eight numbers at a time.
inline float largest_of_eights(const float* row, std::int64_t k) {
  const __m256i size = _mm256_set1_epi32(0x7fffffff);
  __m256i largest = _mm256_setzero_si256();
  std::int64_t j = 0;
  for (; j + 8 <= k; j += 8)
    largest =
        _mm256_max_epi32(largest, _mm256_and_si256(size, _mm256_castps_si256(_mm256_loadu_ps(row + j))));
  __m128i half = _mm_max_epi32(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
  half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0xb1));
  const float of_eights = std::bit_cast<float>(_mm_cvtsi128_si32(half));
  const float of_rest = largest_size(row + j, k - j);
  return std::bit_cast<std::int32_t>(of_rest) > std::bit_cast<std::int32_t>(of_eights) ? of_rest : of_eights;
}
inline std::int64_t whole_eights(const float* row, std::int64_t k, float factor, std::int16_t* to) {
  std::int64_t j = 0;
  for (; j + 8 <= k; j += 8) {
    const __m256i values =
        _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(row + j), _mm256_set1_ps(factor)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + j),
                     _mm_packs_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1)));
  }
  return j;
}
#else
inline float largest_of_eights(const float* row, std::int64_t k) {
  return largest_size(row, k);
}
inline std::int64_t whole_eights(const float*, std::int64_t, float, std::int16_t*) {
  return 0;
}
#endif

/// A row as whole numbers of at most rectified_top in size; returns their scale.
inline float quantise_bounded_row(const float* row, std::int64_t k, std::int16_t* to) {
  const float largest = largest_of_eights(row, k);
  if (!(largest <= most_size) || largest < least_size) {
    for (std::int64_t j = 0; j < k; ++j) to[j] = 0;
    return largest < least_size ? 0 : __builtin_nanf("");
  }
  const float inverse = rectified_top / largest;
  for (std::int64_t j = whole_eights(row, k, inverse, to); j < k; ++j) to[j] = whole_number(row[j] * inverse);
  return largest * (1.0f / rectified_top);
}

inline void quantise_bounded_i16(const float* rows, std::int64_t n, std::int64_t k, std::int16_t* to,
                                 float* scales) {
  for (std::int64_t i = 0; i < n; ++i) scales[i] = quantise_bounded_row(rows + i * k, k, to + i * k);
}

inline void round_bounded_i16(const float* values, std::int64_t n, float factor, std::int16_t* to) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float value = values[i] * factor;
    const float above = value > -rectified_top ? value : -rectified_top;
    to[i] = whole_number(above < rectified_top ? above : rectified_top);
  }
}

/// From units of the result to a whole number in [0, rectified_top].
inline std::int16_t rectified(float value) {
  const float below = value < rectified_top ? value : rectified_top;
  return whole_number(below > 0 ? below : 0);
}

#if defined(ILK_AVX512)
// GCC warns of what the functions without a mask leave undefined.
constexpr __mmask16 every = 0xffff;
inline Floats floats_of(Ints values) {
  return _mm512_maskz_cvtepi32_ps(every, values);
}
inline Floats limited(Floats values, float top) {
  return _mm512_maskz_max_ps(every, _mm512_maskz_min_ps(every, values, all(top)), all(0));
}
inline Ints whole(Floats values) {
  return _mm512_maskz_cvtps_epi32(every, _mm512_maskz_min_ps(every, values, all(rectified_top)));
}
/// Of each eight numbers of the result the first four come from `low`, the others from `high`.
inline Ints rectified(Floats low, Floats high) {
  return _mm512_max_epi16(_mm512_packs_epi32(whole(low), whole(high)), _mm512_setzero_si512());
}
inline Ints one_after_the_other(Ints mixed) {
  return _mm512_maskz_permutexvar_epi64(0xff, _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), mixed);
}
inline void store_shorts(std::int16_t* to, Ints values) {
  _mm512_storeu_si512(to, values);
}
#elif defined(ILK_AVX2)
inline Floats floats_of(Ints values) {
  return _mm256_cvtepi32_ps(values);
}
inline Floats limited(Floats values, float top) {
  return _mm256_max_ps(_mm256_min_ps(values, all(top)), all(0));
}
inline Ints whole(Floats values) {
  return _mm256_cvtps_epi32(_mm256_min_ps(values, all(rectified_top)));
}
inline Ints rectified(Floats low, Floats high) {
  return _mm256_max_epi16(_mm256_packs_epi32(whole(low), whole(high)), _mm256_setzero_si256());
}
inline Ints one_after_the_other(Ints mixed) {
  return _mm256_permute4x64_epi64(mixed, 0xd8);
}
inline void store_shorts(std::int16_t* to, Ints values) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), values);
}
#elif defined(ILK_NEON)
inline Floats floats_of(Ints values) {
  return vcvtq_f32_s32(values);
}
inline Floats limited(Floats values, float top) {
  return vmaxnmq_f32(vminnmq_f32(values, all(top)), all(0));
}
/// Eight numbers of the result.
inline int16x8_t rectified(Floats first, Floats second) {
  const auto whole = [](Floats values) { return vcvtnq_s32_f32(vminnmq_f32(values, all(rectified_top))); };
  return vmaxq_s16(vqmovn_high_s32(vqmovn_s32(whole(first)), whole(second)), vdupq_n_s16(0));
}
#else
inline Floats limited(Floats values, float top) {
  float stored[floats];
  store(stored, values);
  for (float& value : stored) {
    const float below = value < top ? value : top;
    value = below > 0 ? below : 0;
  }
  return load(stored);
}
#endif

#if defined(ILK_AVX512) || defined(ILK_AVX2)
/// Says that a loop's sum is complete: without this GCC 12 writes every sum to memory in every step of the
/// loop.
inline void complete(Ints& sums) {
  __asm__("" : "+v"(sums));
}
#elif defined(ILK_NEON)
inline void complete(Ints&) {}
#endif

/// Some rows of x times the columns of some panels.
struct BoundedTile {
  const std::int16_t* x;
  std::int64_t x_stride;
  const float* x_scales;
  const std::int16_t* a;      // of the first panel
  std::int64_t panel_stride;  // from panel to panel
  const float* a_scales;
  const float* bias;
  std::int64_t pairs;
  float* y;  // the first number of the first row, or, rectified, where the rows are
  std::int64_t y_stride, columns;
  bool add;  // whether y is added too
  std::int16_t* const* y_rows;
  std::int64_t first_column;
};

/// A row of the result from `width` values.
template <int width>
inline void finish_row(const float* values, const BoundedTile& tile, std::int64_t r) {
  float* y = tile.y + r * tile.y_stride;
  for (std::int64_t c = 0; c < tile.columns; ++c) y[c] = tile.add ? values[c] + y[c] : values[c];
}

#if defined(ILK_AVX512) || defined(ILK_AVX2) || defined(ILK_NEON)
/// The rectified numbers of a row, `wide` registers of them.
#if defined(ILK_NEON)
template <int wide>
inline void store_rectified(std::int16_t* y, const Floats (&values)[wide]) {
#pragma GCC unroll 16
  for (int v = 0; v < wide; v += 2) vst1q_s16(y + v * floats, rectified(values[v], values[v + 1]));
}
#else
template <int wide>
inline void store_rectified(std::int16_t* y, const Floats (&values)[wide]) {
  if constexpr (wide == 1) {
    const Ints whole = one_after_the_other(rectified(values[0], values[0]));
    __builtin_memcpy(y, &whole, sizeof(whole) / 2);
  } else {
    store_shorts(y, one_after_the_other(rectified(values[0], values[1])));
  }
}
#endif

template <bool rectify, int wide>
inline void finish_row(const Floats (&values)[wide], const BoundedTile& tile, std::int64_t r) {
  constexpr std::int64_t width = wide * floats;
  if constexpr (rectify) {
    store_rectified(tile.y_rows[r] + tile.first_column, values);
  } else if (tile.columns == width) {
    float* y = tile.y + r * tile.y_stride;
#pragma GCC unroll 16
    for (int v = 0; v < wide; ++v)
      store(y + v * floats, tile.add ? values[v] + load(y + v * floats) : values[v]);
  } else {
    float stored[width];
#pragma GCC unroll 16
    for (int v = 0; v < wide; ++v) store(stored + v * floats, values[v]);
    finish_row<width>(stored, tile, r);
  }
}

template <bool rectify, int rows, int panels>
[[gnu::noinline]] void bounded_tile(const BoundedTile& tile) {
  constexpr int wide = panels * static_cast<int>(panel_i16 / ints);
  Ints sums[rows][wide];
  sum_pairs<rows, panels>(tile.x, tile.x_stride, tile.a, tile.panel_stride, tile.pairs, sums);
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < wide; ++v) complete(sums[r][v]);
  Floats scales[wide], bias[wide];
#pragma GCC unroll 16
  for (int v = 0; v < wide; ++v) {
    scales[v] = load(tile.a_scales + v * floats);
    bias[v] = load(tile.bias + v * floats);
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
    const Floats x_scale = all(tile.x_scales[r]);
    Floats values[wide];
#pragma GCC unroll 16
    for (int v = 0; v < wide; ++v) values[v] = fused(floats_of(sums[r][v]) * x_scale, scales[v], bias[v]);
    finish_row<rectify>(values, tile, r);
  }
}
#else
template <bool rectify, int rows, int panels>
[[gnu::noinline]] void bounded_tile(const BoundedTile& tile) {
  constexpr int width = panels * static_cast<int>(panel_i16);
  std::int32_t stored[rows * width] = {};
#if !defined(ILK_WITHOUT_INTS)
  constexpr int wide = width / static_cast<int>(ints);
  Ints sums[rows][wide];
  sum_pairs<rows, panels>(tile.x, tile.x_stride, tile.a, tile.panel_stride, tile.pairs, sums);
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < wide; ++v) store_sums(stored + r * width + v * ints, sums[r][v]);
#else
  sum_pairs<rows>(tile.x, tile.x_stride, tile.a, tile.pairs, stored);
#endif
  for (std::int64_t r = 0; r < rows; ++r) {
    float values[width];
    for (std::int64_t c = 0; c < width; ++c)
      values[c] =
          fused(static_cast<float>(stored[r * width + c]) * tile.x_scales[r], tile.a_scales[c], tile.bias[c]);
    if constexpr (rectify)
      for (std::int64_t c = 0; c < width; ++c) tile.y_rows[r][tile.first_column + c] = rectified(values[c]);
    else
      finish_row<width>(values, tile, r);
  }
}
#endif

template <bool rectify>
inline void multiply_panels(const BoundedProduct& p) {
  const std::int64_t pairs = (p.k + 1) / 2;
  // Tiles of nearly one height: 49 rows are five of 9 or 10, not four of 12 and one of 1.
  const std::int64_t tiles = (p.rows + tile_rows_i16 - 1) / tile_rows_i16;
  std::int64_t step = 0;
  for (std::int64_t j = 0; j < p.columns; j += step) {
    const bool both = tile_panels_i16 == 2 && p.columns - j > panel_i16;
    step = both ? tile_panels_i16 * panel_i16 : panel_i16;
    std::int64_t end = 0;
    for (std::int64_t t = 0, row = 0; t < tiles; ++t, row = end) {
      end = p.rows * (t + 1) / tiles;
      const BoundedTile tile{p.x + row * p.x_stride,
                             p.x_stride,
                             p.x_scales + row,
                             p.panels + j * pairs * 2,
                             pairs * panel_i16 * 2,
                             p.column_scales + j,
                             p.bias + j,
                             pairs,
                             rectify ? nullptr : p.y + row * p.y_stride + j,
                             p.y_stride,
                             smaller(step, p.columns - j),
                             p.add,
                             rectify ? p.y_rows + row : nullptr,
                             j};
      with_rows(end - row, [&]<int rows>() {
        both ? bounded_tile<rectify, rows, tile_panels_i16>(tile) : bounded_tile<rectify, rows, 1>(tile);
      });
    }
  }
}

inline void multiply_bounded_i16(const BoundedProduct& product) {
  multiply_panels<false>(product);
}
inline void multiply_rectified_i16(const BoundedProduct& product) {
  multiply_panels<true>(product);
}
