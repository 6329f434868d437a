// Products of rows of small whole numbers with tiles of rows: see quantised_rows.h. All sums are exact, so
// their order is free. A step is 4 bytes of each row, which is 4 numbers of 8 bits or 2 of 16.
constexpr std::int64_t byte_step = 4, byte_chunk = ByteProduct::chunk, byte_tile = ByteProduct::tile;

/// The sums of a left row with the rows of a tile.
#if defined(ILK_AVX512)
using TileSums = __m512i;
inline TileSums load_tile(const void* from) {
  return _mm512_loadu_si512(from);
}
#elif defined(ILK_AVX2)
inline __m256i load_bytes(const void* address) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(address));
}
struct TileSums {
  __m256i low, high;
};
inline TileSums load_tile(const std::int32_t* from) {
  return {load_bytes(from), load_bytes(from + 8)};
}
#elif defined(ILK_NEON)
struct TileSums {
  int32x4_t parts[4];
};
inline TileSums load_tile(const std::int32_t* from) {
  return {{vld1q_s32(from), vld1q_s32(from + 4), vld1q_s32(from + 8), vld1q_s32(from + 12)}};
}
#else
struct TileSums {
  std::int32_t sums[byte_tile];
};
inline TileSums load_tile(const std::int32_t* from) {
  TileSums tile;
  __builtin_memcpy(tile.sums, from, sizeof(tile.sums));
  return tile;
}
#endif

/// Writes scale · scale · sum + bias of left row q and the right rows of a tile from `column` on.
inline void finish_tile(const ByteProduct& p, std::int64_t q, std::int64_t column, const TileSums& sums) {
  const float scale = p.left_scales[p.left_rows[q]];
  float* out = p.out + (p.out_rows != nullptr ? p.out_rows[q] : q) * p.stride + column;
  const float *scales = p.right_scales + column, *bias = p.bias + column;
#if defined(ILK_AVX512)
  // Not _mm512_cvtepi32_ps, of which GCC 12 says that it uses what has no value.
  const __m512 totals = __builtin_convertvector((__v16si)sums, __m512);
  const __m512 factors = _mm512_loadu_ps(scales) * _mm512_set1_ps(scale);
  _mm512_storeu_ps(out, _mm512_fmadd_ps(totals, factors, _mm512_loadu_ps(bias)));
#elif defined(ILK_AVX2)
  const __m256i halves[] = {sums.low, sums.high};
  for (int half = 0; half < 2; ++half)
    _mm256_storeu_ps(out + 8 * half,
                     _mm256_fmadd_ps(_mm256_cvtepi32_ps(halves[half]),
                                     _mm256_mul_ps(_mm256_loadu_ps(scales + 8 * half), _mm256_set1_ps(scale)),
                                     _mm256_loadu_ps(bias + 8 * half)));
#elif defined(ILK_NEON)
  for (int i = 0; i < 4; ++i)
    vst1q_f32(out + 4 * i, vfmaq_f32(vld1q_f32(bias + 4 * i), vcvtq_f32_s32(sums.parts[i]),
                                     vmulq_n_f32(vld1q_f32(scales + 4 * i), scale)));
#else
  for (std::int64_t j = 0; j < byte_tile; ++j)
    out[j] = fused(static_cast<float>(sums.sums[j]), scales[j] * scale, bias[j]);
#endif
}

/// The left rows of some products, and those that are needed next. Where there are fewer than `rows`, the
/// last stands in for the others.
template <int rows>
struct LeftRows {
  const std::uint8_t* at[rows];
  const std::uint8_t* next[rows];
  std::int64_t place[rows];
};
template <int rows>
inline LeftRows<rows> left_rows_of(const ByteProduct& p, std::int64_t first) {
  LeftRows<rows> left;
  for (std::int64_t r = 0; r < rows; ++r) {
    left.place[r] = smaller(first + r, p.n_left - 1);
    left.at[r] = p.left + p.left_rows[left.place[r]] * p.width;
    left.next[r] = p.left + p.left_rows[smaller(first + r + rows, p.n_left - 1)] * p.width;
  }
  return left;
}

#if defined(ILK_AVX512)
template <int bits>
inline __m512i add_byte_products(__m512i sums, __m512i left, __m512i right) {
  return bits == 8 ? _mm512_dpbusd_epi32(sums, left, right) : _mm512_dpwssd_epi32(sums, left, right);
}

template <int bits, int rows, int tiles>
inline void multiply_some_byte_tiles(const ByteProduct& p, std::int64_t first, std::int64_t column) {
  const LeftRows<rows> left = left_rows_of<rows>(p, first);
  const std::int64_t width = p.width;
  __m512i sums[rows][tiles];
#pragma GCC unroll 16
  for (int t = 0; t < tiles; ++t) {
    const __m512i start =
        bits == 8 ? _mm512_loadu_si512(p.corrections + column + t * byte_tile) : _mm512_setzero_si512();
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) sums[r][t] = start;
  }
  const std::uint8_t* right = p.right + column * width;
  for (std::int64_t begin = 0; begin < width; begin += byte_chunk) {
    if (column == 0)
      for (int r = 0; r < rows; ++r)
        _mm_prefetch(reinterpret_cast<const char*>(left.next[r] + begin), _MM_HINT_T0);
    for (std::int64_t at = begin; at < begin + byte_chunk; at += byte_step) {
      __m512i columns[tiles];
#pragma GCC unroll 16
      for (int t = 0; t < tiles; ++t)
        columns[t] = _mm512_loadu_si512(right + t * byte_tile * width + at * byte_tile);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
        std::int32_t numbers = 0;
        __builtin_memcpy(&numbers, left.at[r] + at, sizeof(numbers));
        const __m512i x = _mm512_set1_epi32(numbers);
#pragma GCC unroll 16
        for (int t = 0; t < tiles; ++t) sums[r][t] = add_byte_products<bits>(sums[r][t], x, columns[t]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
    for (int t = 0; t < tiles; ++t) finish_tile(p, left.place[r], column + t * byte_tile, sums[r][t]);
}

template <int bits, int tiles>
inline void multiply_byte_columns(const ByteProduct& p, std::int64_t column) {
  std::int64_t first = 0;
  for (; first + 4 < p.n_left; first += 8) multiply_some_byte_tiles<bits, 8, tiles>(p, first, column);
  if (first < p.n_left) multiply_some_byte_tiles<bits, 4, tiles>(p, first, column);
}

template <int bits>
inline void multiply_byte_tiles(const ByteProduct& p) {
  std::int64_t column = 0;
  for (; column + byte_tile < p.columns; column += 2 * byte_tile) multiply_byte_columns<bits, 2>(p, column);
  if (column < p.columns) multiply_byte_columns<bits, 1>(p, column);
}
#elif defined(ILK_AVX2)
/// Neighbours of 16 bits added in 32.
inline __m256i widened(__m256i a) {
  return _mm256_madd_epi16(a, _mm256_set1_epi16(1));
}

// Written as instructions: compilers reorder the sums and run out of registers, at half of the speed. A step
// multiplies the same 4 bytes of a left row with those of 16 right rows, so that each 32 bits of a sum belong
// to one right row. ymm8 and ymm9 are the right rows, ymm10 is a left row.
#define ILK_WITH_TILE(left, sum, multiply, add)                                                   \
  "vpbroadcastd \\at*4(%[" left "]), %%ymm10\n" multiply " %%ymm8, %%ymm10, %%ymm11\n" multiply   \
  " %%ymm9, %%ymm10, %%ymm12\n" add " %%ymm11, %[" sum "0], %[" sum "0]\n" add " %%ymm12, %[" sum \
  "1], %[" sum "1]\n"
#define ILK_TILE_CHUNK(multiply, add)                                                                       \
  asm volatile(                                                                                             \
      ".irp at,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"                                                     \
      "vmovdqu \\at*64(%[right]), %%ymm8\nvmovdqu \\at*64+32(%[right]), %%ymm9\n" ILK_WITH_TILE(            \
          "left_0", "a", multiply, add) ILK_WITH_TILE("left_1", "b", multiply, add)                         \
          ILK_WITH_TILE("left_2", "c", multiply, add) ILK_WITH_TILE("left_3", "d", multiply, add) ".endr\n" \
      : [a0] "+x"(a0), [b0] "+x"(b0), [c0] "+x"(c0), [d0] "+x"(d0), [a1] "+x"(a1), [b1] "+x"(b1),           \
        [c1] "+x"(c1), [d1] "+x"(d1)                                                                        \
      : [left_0] "r"(left.at[0] + begin), [left_1] "r"(left.at[1] + begin),                                 \
        [left_2] "r"(left.at[2] + begin), [left_3] "r"(left.at[3] + begin), [right] "r"(right)              \
      : "ymm8", "ymm9", "ymm10", "ymm11", "ymm12", "memory")

/// The products of four left rows with the rows of a tile. Products of 8 bits are summed in 16 bits within a
/// chunk.
template <int bits>
inline void multiply_byte_tile(const ByteProduct& p, std::int64_t first, std::int64_t column) {
  constexpr int rows = 4;
  const LeftRows<rows> left = left_rows_of<rows>(p, first);
  const std::int64_t width = p.width;
  const __m256i zero = _mm256_setzero_si256();
  __m256i a0 = zero, b0 = zero, c0 = zero, d0 = zero, a1 = zero, b1 = zero, c1 = zero, d1 = zero;
  TileSums totals[rows] = {{zero, zero}, {zero, zero}, {zero, zero}, {zero, zero}};
  const std::uint8_t* right = p.right + column * width;
  const std::int16_t* correction =
      bits == 8 ? p.chunk_corrections + column * (width / byte_chunk) * 2 : nullptr;
  for (std::int64_t begin = 0; begin < width; begin += byte_chunk, right += byte_tile * byte_chunk) {
    if (column == 0)
      for (int r = 0; r < rows; ++r)
        _mm_prefetch(reinterpret_cast<const char*>(left.next[r] + begin), _MM_HINT_T0);
    if constexpr (bits == 16) {
      ILK_TILE_CHUNK("vpmaddwd", "vpaddd");
    } else {
      a0 = b0 = c0 = d0 = load_bytes(correction);
      a1 = b1 = c1 = d1 = load_bytes(correction + byte_tile);
      correction += 2 * byte_tile;
      ILK_TILE_CHUNK("vpmaddubsw", "vpaddw");
      const TileSums sums[rows] = {{a0, a1}, {b0, b1}, {c0, c1}, {d0, d1}};
#pragma GCC unroll 4
      for (int r = 0; r < rows; ++r)
        totals[r] = {_mm256_add_epi32(totals[r].low, widened(sums[r].low)),
                     _mm256_add_epi32(totals[r].high, widened(sums[r].high))};
    }
  }
  const TileSums sums[rows] = {{a0, a1}, {b0, b1}, {c0, c1}, {d0, d1}};
#pragma GCC unroll 4
  for (int r = 0; r < rows; ++r) finish_tile(p, left.place[r], column, bits == 16 ? sums[r] : totals[r]);
}
#undef ILK_WITH_TILE
#undef ILK_TILE_CHUNK

template <int bits>
inline void multiply_byte_tiles(const ByteProduct& p) {
  for (std::int64_t column = 0; column < p.columns; column += byte_tile)
    for (std::int64_t first = 0; first < p.n_left; first += 4) multiply_byte_tile<bits>(p, first, column);
}
#elif defined(ILK_NEON)
#if defined(ILK_NEON_DOTPROD)
/// The products of some left rows of 8 bits with the rows of a tile.
template <int rows>
inline void multiply_tile_of_8(const ByteProduct& p, const LeftRows<rows>& left, std::int64_t column) {
  const auto* right = reinterpret_cast<const std::int8_t*>(p.right + column * p.width);
  TileSums sums[rows] = {};
  for (std::int64_t at = 0; at < p.width; at += byte_step, right += byte_step * byte_tile) {
    int8x16_t columns[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) columns[i] = vld1q_s8(right + 16 * i);
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) {
      std::uint32_t numbers = 0;
      __builtin_memcpy(&numbers, left.at[r] + at, sizeof(numbers));
      const int8x16_t x = vreinterpretq_s8_u32(vdupq_n_u32(numbers ^ 0x80808080u));  // less 128 each
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) sums[r].parts[i] = vdotq_s32(sums[r].parts[i], x, columns[i]);
    }
  }
  for (int r = 0; r < rows; ++r) finish_tile(p, left.place[r], column, sums[r]);
}
#else
/// The products of some left rows of 8 bits with the rows of a tile. Those of two steps are summed in 16
/// bits: 4 · 127 · 64 < 2^15.
template <int rows>
inline void multiply_tile_of_8(const ByteProduct& p, const LeftRows<rows>& left, std::int64_t column) {
  const auto* right = reinterpret_cast<const std::int8_t*>(p.right + column * p.width);
  TileSums sums[rows] = {};
  for (std::int64_t at = 0; at < p.width; at += 2 * byte_step, right += 2 * byte_step * byte_tile) {
    int8x16_t x[rows][2];
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r)
      for (int half = 0; half < 2; ++half) {
        std::uint32_t numbers = 0;
        __builtin_memcpy(&numbers, left.at[r] + at + byte_step * half, sizeof(numbers));
        x[r][half] = vreinterpretq_s8_u32(vdupq_n_u32(numbers ^ 0x80808080u));  // less 128 each
      }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const int8x16_t first = vld1q_s8(right + 16 * i), second = vld1q_s8(right + 64 + 16 * i);
#pragma GCC unroll 4
      for (int r = 0; r < rows; ++r) {
        const int16x8_t low = vmlal_s8(vmull_s8(vget_low_s8(x[r][0]), vget_low_s8(first)),
                                       vget_low_s8(x[r][1]), vget_low_s8(second));
        const int16x8_t high = vmlal_high_s8(vmull_high_s8(x[r][0], first), x[r][1], second);
        sums[r].parts[i] = vpadalq_s16(sums[r].parts[i], vpaddq_s16(low, high));
      }
    }
  }
  for (int r = 0; r < rows; ++r) finish_tile(p, left.place[r], column, sums[r]);
}
#endif

template <int rows>
inline void multiply_tile_of_16(const ByteProduct& p, const LeftRows<rows>& left, std::int64_t column) {
  const auto* right = reinterpret_cast<const std::int16_t*>(p.right + column * p.width);
  int32x4_t low[rows][4] = {}, high[rows][4] = {};
  for (std::int64_t at = 0; at < p.width; at += byte_step, right += 2 * byte_tile) {
    int16x8_t x[rows];
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) {
      std::int32_t numbers = 0;
      __builtin_memcpy(&numbers, left.at[r] + at, sizeof(numbers));
      x[r] = vreinterpretq_s16_s32(vdupq_n_s32(numbers));
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const int16x8_t columns = vld1q_s16(right + 8 * i);
#pragma GCC unroll 4
      for (int r = 0; r < rows; ++r) {
        low[r][i] = vmlal_s16(low[r][i], vget_low_s16(x[r]), vget_low_s16(columns));
        high[r][i] = vmlal_high_s16(high[r][i], x[r], columns);
      }
    }
  }
  for (int r = 0; r < rows; ++r) {
    TileSums sums;
    for (int i = 0; i < 4; ++i) sums.parts[i] = vpaddq_s32(low[r][i], high[r][i]);
    finish_tile(p, left.place[r], column, sums);
  }
}

template <int bits>
inline void multiply_byte_tiles(const ByteProduct& p) {
  constexpr int rows = bits == 8 ? 4 : 2;
  for (std::int64_t column = 0; column < p.columns; column += byte_tile)
    for (std::int64_t first = 0; first < p.n_left; first += rows) {
      const LeftRows<rows> left = left_rows_of<rows>(p, first);
      if constexpr (bits == 8)
        multiply_tile_of_8<rows>(p, left, column);
      else
        multiply_tile_of_16<rows>(p, left, column);
    }
}
#else
/// Adds the products of a step of a left row with one of the rows of a tile.
template <int bits>
inline void add_step(const std::uint8_t* left, const std::uint8_t* right, std::int32_t* sums) {
  if constexpr (bits == 16) {
    std::int16_t x[2], rows[2 * byte_tile];
    __builtin_memcpy(x, left, sizeof(x));
    __builtin_memcpy(rows, right, sizeof(rows));
    for (std::int64_t j = 0; j < byte_tile; ++j)
      sums[j] +=
          static_cast<std::int32_t>(x[0]) * rows[2 * j] + static_cast<std::int32_t>(x[1]) * rows[2 * j + 1];
  } else {
    // 4 · 127 · 64 < 2^15.
    std::int8_t rows[byte_step * byte_tile];
    __builtin_memcpy(rows, right, sizeof(rows));
    std::int16_t products[byte_tile] = {};
    for (int b = 0; b < byte_step; ++b) {
      const auto x = static_cast<std::int16_t>(left[b] - 128);
      for (std::int64_t j = 0; j < byte_tile; ++j)
        products[j] = static_cast<std::int16_t>(products[j] + x * rows[byte_step * j + b]);
    }
    for (std::int64_t j = 0; j < byte_tile; ++j) sums[j] += products[j];
  }
}

template <int bits>
inline void multiply_byte_tiles(const ByteProduct& p) {
  for (std::int64_t column = 0; column < p.columns; column += byte_tile)
    for (std::int64_t q = 0; q < p.n_left; ++q) {
      const std::uint8_t *left = p.left + p.left_rows[q] * p.width, *right = p.right + column * p.width;
      TileSums tile{};
      for (std::int64_t at = 0; at < p.width; at += byte_step, right += byte_step * byte_tile)
        add_step<bits>(left + at, right, tile.sums);
      finish_tile(p, q, column, tile);
    }
}
#endif

inline void multiply_tiles_of_8(const ByteProduct& p) {
  multiply_byte_tiles<8>(p);
}
inline void multiply_tiles_of_16(const ByteProduct& p) {
  multiply_byte_tiles<16>(p);
}
