// Products of rows of small whole numbers with few rows, and of two rows: see quantised_rows.h.

#if defined(ILK_AVX512)
/// The sum of both halves. GCC 12 warns about what its own intrinsics for this leave without a value.
inline __m256i both_halves(__m512i a) {
  __m256i halves[2];
  __builtin_memcpy(halves, &a, sizeof(halves));
  return _mm256_add_epi32(halves[0], halves[1]);
}
#endif

#if defined(ILK_AVX512) || defined(ILK_AVX2)
/// The sum of eight numbers.
inline std::int32_t total_of(__m256i a) {
  __m128i sums = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  sums = _mm_add_epi32(sums, _mm_unpackhi_epi64(sums, sums));
  return _mm_cvtsi128_si32(_mm_add_epi32(sums, _mm_shuffle_epi32(sums, 1)));
}

/// The sums of eight times eight numbers, added to totals[0 … 7].
inline void add_totals(__m256i a, __m256i b, __m256i c, __m256i d, __m256i e, __m256i f, __m256i g, __m256i h,
                       std::int32_t* totals) {
  const __m256i first = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d)),
                second = _mm256_hadd_epi32(_mm256_hadd_epi32(e, f), _mm256_hadd_epi32(g, h));
  const __m256i sums = _mm256_add_epi32(_mm256_permute2x128_si256(first, second, 0x20),
                                        _mm256_permute2x128_si256(first, second, 0x31));
  auto* to = reinterpret_cast<__m256i*>(totals);
  _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), sums));
}

/// Adds the products of a part of some left rows and a strip of `columns` rows to totals[0 … 15], and those
/// of the second row to the next sixteen. The rows `next` are fetched meanwhile.
#if defined(ILK_AVX512)
/// Two rows read a strip once: a processor loads one register in the time that it multiplies one.
constexpr int rows_of_strip_part = 2;

template <int columns, int rows>
inline void multiply_strip_part(const std::uint8_t* const* left, const std::uint8_t* const* next,
                                const std::uint8_t* strip, std::int64_t bytes, std::int32_t* totals) {
  __m512i sums[rows][byte_tile];
#pragma GCC unroll 2
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
    for (int c = 0; c < byte_tile; ++c) sums[r][c] = _mm512_setzero_si512();
  for (std::int64_t at = 0; at < bytes; at += byte_chunk, strip += columns * byte_chunk) {
    __m512i x[rows];
#pragma GCC unroll 2
    for (int r = 0; r < rows; ++r) {
      _mm_prefetch(reinterpret_cast<const char*>(next[r] + at), _MM_HINT_T0);
      x[r] = _mm512_loadu_si512(left[r] + at);
    }
#pragma GCC unroll 16
    for (int c = 0; c < columns; ++c) {
      const __m512i column = _mm512_loadu_si512(strip + c * byte_chunk);
#pragma GCC unroll 2
      for (int r = 0; r < rows; ++r) sums[r][c] = _mm512_dpwssd_epi32(sums[r][c], x[r], column);
    }
  }
#pragma GCC unroll 2
  for (int r = 0; r < rows; ++r, totals += byte_tile) {
    const auto half = [&](int c) { return both_halves(sums[r][c]); };
    add_totals(half(0), half(1), half(2), half(3), half(4), half(5), half(6), half(7), totals);
    if constexpr (columns > 8)
      add_totals(half(8), half(9), half(10), half(11), half(12), half(13), half(14), half(15), totals + 8);
  }
}
#else
constexpr int rows_of_strip_part = 1;

template <int columns, int /*rows*/>
inline void multiply_strip_part(const std::uint8_t* const* lefts, const std::uint8_t* const* nexts,
                                const std::uint8_t* strip, std::int64_t bytes, std::int32_t* totals) {
  const std::uint8_t *left = *lefts, *next = *nexts;
  const __m256i zero = _mm256_setzero_si256();
  __m256i s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero, s6 = zero, s7 = zero, s8 = zero,
          s9 = zero, s10 = zero, s11 = zero;
  for (std::int64_t at = 0; at < bytes; at += byte_chunk, strip += columns * byte_chunk) {
    _mm_prefetch(reinterpret_cast<const char*>(next + at), _MM_HINT_T0);
#pragma GCC unroll 2
    for (int half = 0; half < byte_chunk; half += 32) {
      const __m256i x = load_bytes(left + at + half);
// Written as instructions for the same reason as tiles.
#define ILK_COLUMN(c)                                                                   \
  if constexpr (columns > (c))                                                          \
  asm("vpmaddwd %2, %1, %%ymm15\nvpaddd %%ymm15, %0, %0"                                \
      : "+x"(s##c)                                                                      \
      : "x"(x), "m"(*reinterpret_cast<const __m256i_u*>(strip + (c)*byte_chunk + half)) \
      : "ymm15")
      ILK_COLUMN(0);
      ILK_COLUMN(1);
      ILK_COLUMN(2);
      ILK_COLUMN(3);
      ILK_COLUMN(4);
      ILK_COLUMN(5);
      ILK_COLUMN(6);
      ILK_COLUMN(7);
      ILK_COLUMN(8);
      ILK_COLUMN(9);
      ILK_COLUMN(10);
      ILK_COLUMN(11);
#undef ILK_COLUMN
    }
  }
  add_totals(s0, s1, s2, s3, s4, s5, s6, s7, totals);
  if constexpr (columns > 8) add_totals(s8, s9, s10, s11, zero, zero, zero, zero, totals + 8);
}
#endif
#elif defined(ILK_NEON)
constexpr int rows_of_strip_part = 1;

template <int columns, int /*rows*/>
inline void multiply_strip_part(const std::uint8_t* const* lefts, const std::uint8_t* const*,
                                const std::uint8_t* strip, std::int64_t bytes, std::int32_t* totals) {
  const std::uint8_t* left = *lefts;
  int32x4_t sums[columns];
#pragma GCC unroll 16
  for (int c = 0; c < columns; ++c) sums[c] = vdupq_n_s32(0);
  for (std::int64_t at = 0; at < bytes; at += byte_chunk, strip += columns * byte_chunk)
#pragma GCC unroll 4
    for (int part = 0; part < byte_chunk; part += 16) {
      const int16x8_t x = vreinterpretq_s16_u8(vld1q_u8(left + at + part));
#pragma GCC unroll 16
      for (int c = 0; c < columns; ++c) {
        const int16x8_t row = vreinterpretq_s16_u8(vld1q_u8(strip + c * byte_chunk + part));
        sums[c] = vmlal_high_s16(vmlal_s16(sums[c], vget_low_s16(x), vget_low_s16(row)), x, row);
      }
    }
#pragma GCC unroll 16
  for (int c = 0; c < columns; ++c) totals[c] += vaddvq_s32(sums[c]);
}
#else
constexpr int rows_of_strip_part = 1;

template <int columns, int /*rows*/>
inline void multiply_strip_part(const std::uint8_t* const* lefts, const std::uint8_t* const*,
                                const std::uint8_t* strip, std::int64_t bytes, std::int32_t* totals) {
  const std::uint8_t* left = *lefts;
  constexpr std::int64_t numbers = byte_chunk / 2;
  for (std::int64_t at = 0; at < bytes; at += byte_chunk, strip += columns * byte_chunk) {
    std::int16_t x[numbers], row[numbers];
    __builtin_memcpy(x, left + at, sizeof(x));
    for (int c = 0; c < columns; ++c) {
      __builtin_memcpy(row, strip + c * byte_chunk, sizeof(row));
      std::int32_t sum = 0;
      for (std::int64_t i = 0; i < numbers; ++i) sum += static_cast<std::int32_t>(x[i]) * row[i];
      totals[c] += sum;
    }
  }
}
#endif

template <int columns>
inline void multiply_strip_of(const ByteProduct& p) {
  // Parts of rows, so that those of the strip stay in the nearest cache.
  constexpr std::int64_t at_once = 16, nearest_cache = std::int64_t{12} << 10;
  constexpr std::int64_t part = nearest_cache / columns / byte_chunk * byte_chunk;
  for (std::int64_t first = 0; first < p.n_left; first += at_once) {
    const std::int64_t count = smaller(at_once, p.n_left - first);
    std::int32_t totals[at_once * byte_tile] = {};
    for (std::int64_t begin = 0; begin < p.width; begin += part) {
      const auto left = [&](std::int64_t i) {
        return p.left + p.left_rows[smaller(i, p.n_left - 1)] * p.width + begin;
      };
      const auto multiply = [&](std::int64_t i, auto rows) {
        const std::uint8_t *these[rows_of_strip_part], *next[rows_of_strip_part];
        for (std::int64_t r = 0; r < rows(); ++r)
          these[r] = left(first + i + r), next[r] = left(first + i + rows() + r);
        multiply_strip_part<columns, rows()>(these, next, p.right + begin * columns,
                                             smaller(part, p.width - begin), totals + i * byte_tile);
      };
      std::int64_t i = 0;
      for (; i + rows_of_strip_part <= count; i += rows_of_strip_part)
        multiply(i, std::integral_constant<int, rows_of_strip_part>());
      for (; i < count; ++i) multiply(i, std::integral_constant<int, 1>());
    }
    for (std::int64_t i = 0; i < count; ++i) finish_tile(p, first + i, 0, load_tile(totals + i * byte_tile));
  }
}

inline void multiply_strip_of_16(const ByteProduct& p) {
  switch (p.columns) {
    case 1:
      return multiply_strip_of<1>(p);
    case 2:
      return multiply_strip_of<2>(p);
    case 3:
      return multiply_strip_of<3>(p);
    case 4:
      return multiply_strip_of<4>(p);
    case 5:
      return multiply_strip_of<5>(p);
    case 6:
      return multiply_strip_of<6>(p);
    case 7:
      return multiply_strip_of<7>(p);
    case 8:
      return multiply_strip_of<8>(p);
    case 9:
      return multiply_strip_of<9>(p);
    case 10:
      return multiply_strip_of<10>(p);
    case 11:
      return multiply_strip_of<11>(p);
    default:
      return multiply_strip_of<12>(p);
  }
}

inline std::int32_t dot_of_8(const std::uint8_t* left, const std::uint8_t* right, std::int64_t n) {
#if defined(ILK_AVX512)
  __m512i sums = _mm512_setzero_si512();
  for (std::int64_t i = 0; i < n; i += byte_chunk)
    sums = _mm512_dpbusd_epi32(sums, _mm512_loadu_si512(left + i), _mm512_loadu_si512(right + i));
  return total_of(both_halves(sums));
#elif defined(ILK_AVX2)
  __m256i a = _mm256_setzero_si256(), b = a;
  for (std::int64_t i = 0; i < n; i += byte_chunk) {
    a = _mm256_add_epi32(a, widened(_mm256_maddubs_epi16(load_bytes(left + i), load_bytes(right + i))));
    b = _mm256_add_epi32(
        b, widened(_mm256_maddubs_epi16(load_bytes(left + i + 32), load_bytes(right + i + 32))));
  }
  return total_of(_mm256_add_epi32(a, b));
#elif defined(ILK_NEON_DOTPROD)
  // x · right of the left side's x − 128, and 128 times the sum of the right side.
  int32x4_t products = vdupq_n_s32(0), rights = products;
  for (std::int64_t i = 0; i < n; i += 16) {
    const int8x16_t x = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(left + i), vdupq_n_u8(128)));
    const int8x16_t y = vreinterpretq_s8_u8(vld1q_u8(right + i));
    products = vdotq_s32(products, x, y);
    rights = vdotq_s32(rights, vdupq_n_s8(1), y);
  }
  return vaddvq_s32(vmlaq_n_s32(products, rights, 128));
#else
  std::int32_t sum = 0;
  for (std::int64_t i = 0; i < n; ++i)
    sum += static_cast<std::int32_t>(left[i]) * static_cast<std::int8_t>(right[i]);
  return sum;
#endif
}

inline std::int32_t dot_of_16(const std::int16_t* a, const std::int16_t* b, std::int64_t n) {
  std::int32_t sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<std::int32_t>(a[i]) * b[i];
  return sum;
}
