// y = x A + bias of 16-bit whole numbers with scales: see int16_product.h. Sums of a part are exact in 32
// bits, so their order is free; what is done with them in float32 has one order. Tiles and blocks as of
// floats.
constexpr std::int64_t panel_i16 = ProductI16::panel, pairs_of_a_part = ProductI16::part / 2;
constexpr std::int64_t block_rows_i16 = 192;

// Registers of 32-bit sums and of pairs of numbers, as many as a tile's sums fill.
#if defined(ILK_AVX512)
constexpr int tile_rows_i16 = 12, tile_panels_i16 = 2;
using Ints = __m512i;
constexpr std::int64_t ints = 16;
inline Ints load_pairs(const std::int16_t* from) {
  return _mm512_loadu_si512(from);
}
inline Ints all_pairs(std::int32_t pair) {
  return _mm512_set1_epi32(pair);
}
inline Ints add_products(Ints sums, Ints a, Ints b) {
  return _mm512_dpwssd_epi32(sums, a, b);
}
inline void store_sums(std::int32_t* to, Ints sums) {
  _mm512_storeu_si512(to, sums);
}
inline Ints no_sums() {
  return _mm512_setzero_si512();
}
#elif defined(ILK_AVX2)
constexpr int tile_rows_i16 = 6, tile_panels_i16 = 1;
using Ints = __m256i;
constexpr std::int64_t ints = 8;
inline Ints load_pairs(const std::int16_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
inline Ints all_pairs(std::int32_t pair) {
  return _mm256_set1_epi32(pair);
}
inline Ints add_products(Ints sums, Ints a, Ints b) {
  return _mm256_add_epi32(sums, _mm256_madd_epi16(a, b));
}
inline void store_sums(std::int32_t* to, Ints sums) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), sums);
}
inline Ints no_sums() {
  return _mm256_setzero_si256();
}
#elif defined(ILK_NEON)
constexpr int tile_rows_i16 = 4, tile_panels_i16 = 1;
using Ints = int32x4_t;
constexpr std::int64_t ints = 4;
inline void store_sums(std::int32_t* to, Ints sums) {
  vst1q_s32(to, sums);
}
inline Ints no_sums() {
  return vdupq_n_s32(0);
}
#elif defined(__SSE2__)
constexpr int tile_rows_i16 = 2, tile_panels_i16 = 1;
using Ints = __m128i;
constexpr std::int64_t ints = 4;
inline Ints load_pairs(const std::int16_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
inline Ints all_pairs(std::int32_t pair) {
  return _mm_set1_epi32(pair);
}
inline Ints add_products(Ints sums, Ints a, Ints b) {
  return _mm_add_epi32(sums, _mm_madd_epi16(a, b));
}
inline void store_sums(std::int32_t* to, Ints sums) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), sums);
}
inline Ints no_sums() {
  return _mm_setzero_si128();
}
#else
constexpr int tile_rows_i16 = 4, tile_panels_i16 = 1;
#define ILK_WITHOUT_INTS 1
#endif

#if !defined(ILK_WITHOUT_INTS)
/// The sums of some rows with the columns of some panels, `panel_stride` apart, over `pairs` pairs of
/// numbers.
template <int rows, int panels>
[[gnu::always_inline]] inline void sum_pairs(const std::int16_t* x, std::int64_t x_stride,
                                             const std::int16_t* a,
                                             [[maybe_unused]] std::int64_t panel_stride, std::int64_t pairs,
                                             Ints (&sums)[rows][panels * panel_i16 / ints]) {
  constexpr int wide = panels * static_cast<int>(panel_i16 / ints);
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < wide; ++v) sums[r][v] = no_sums();
#if defined(ILK_NEON)
  static_assert(panels == 1);
  for (std::int64_t p = 0; p < pairs; ++p, x += 2, a += 2 * panel_i16) {
    const int16x8x2_t left = vld2q_s16(a), right = vld2q_s16(a + panel_i16);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      std::int32_t pair = 0;
      __builtin_memcpy(&pair, x + r * x_stride, sizeof(pair));
      const int16x4_t factors = vreinterpret_s16_s32(vdup_n_s32(pair));
      const auto add = [&](Ints sum, const int16x8x2_t& columns, auto half) {
        return vmlal_lane_s16(vmlal_lane_s16(sum, half(columns.val[0]), factors, 0), half(columns.val[1]),
                              factors, 1);
      };
      const auto low = [](int16x8_t values) { return vget_low_s16(values); };
      const auto high = [](int16x8_t values) { return vget_high_s16(values); };
      sums[r][0] = add(sums[r][0], left, low);
      sums[r][1] = add(sums[r][1], left, high);
      sums[r][2] = add(sums[r][2], right, low);
      sums[r][3] = add(sums[r][3], right, high);
    }
  }
#else
  constexpr int wide_panel = wide / panels;
  for (std::int64_t p = 0; p < pairs; ++p, x += 2, a += 2 * panel_i16) {
    Ints columns[wide];
#pragma GCC unroll 16
    for (int v = 0; v < wide; ++v)
      columns[v] = load_pairs(a + v / wide_panel * panel_stride + v % wide_panel * 2 * ints);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      std::int32_t pair = 0;
      __builtin_memcpy(&pair, x + r * x_stride, sizeof(pair));
      const Ints factors = all_pairs(pair);
#pragma GCC unroll 16
      for (int v = 0; v < wide; ++v) sums[r][v] = add_products(sums[r][v], factors, columns[v]);
    }
  }
#endif
}
#else
/// The sums of some rows with the columns of a panel.
template <int rows>
inline void sum_pairs(const std::int16_t* x, std::int64_t x_stride, const std::int16_t* a, std::int64_t pairs,
                      std::int32_t* sums) {
  // Row by row: GCC 12 reads rows that are not there where it makes vectors of several.
  for (std::int64_t r = 0; r < rows; ++r, x += x_stride)
    for (std::int64_t p = 0; p < pairs; ++p) {
      const std::int32_t first = x[2 * p], second = x[2 * p + 1];
      const std::int16_t* columns = a + 2 * panel_i16 * p;
      for (std::int64_t c = 0; c < panel_i16; ++c)
        sums[r * panel_i16 + c] += first * columns[2 * c] + second * columns[2 * c + 1];
    }
}
#endif

/// Calls body.operator()<rows>() for 1 … tile_rows_i16 rows.
template <int most = tile_rows_i16, class Body>
inline void with_rows(std::int64_t rows, const Body& body) {
  if constexpr (most > 1)
    if (rows < most) return with_rows<most - 1>(rows, body);
  body.template operator()<most>();
}

/// Some rows of a part of x, times the columns of some panels.
struct TileI16 {
  const std::int16_t* x;
  std::int64_t x_stride;
  const float* x_scales;
  const std::int16_t* a;      // of the first panel
  std::int64_t panel_stride;  // from panel to panel
  const float* a_scales;
  std::int64_t pairs;  // of numbers in the part
  const float* start;  // of each column, what the sums are added to
  bool add;            // and whether y is added too
  float* y;
  std::int64_t y_stride, columns;
};

/// From the sums of a row with the columns of all panels to y.
template <int width>
inline void finish_row_i16(const std::int32_t* sums, float x_scale, const TileI16& tile, float* y) {
  const auto value = [&](std::int64_t c) {
    return tile.start[c] + static_cast<float>(sums[c]) * tile.a_scales[c] * x_scale;
  };
  if (tile.columns < width) {
    for (std::int64_t c = 0; c < tile.columns; ++c) y[c] = tile.add ? value(c) + y[c] : value(c);
    return;
  }
#if !defined(ILK_WITHOUT_INTS)
  // By registers: compiled from numbers, it goes through memory once more.
  using Numbers = std::int32_t __attribute__((vector_size(sizeof(Floats))));
  for (std::int64_t c = 0; c < width; c += floats) {
    Numbers some;
    __builtin_memcpy(&some, sums + c, sizeof(some));
    const Floats products = __builtin_convertvector(some, Floats);
    Floats values = load(tile.start + c) + products * load(tile.a_scales + c) * all(x_scale);
    if (tile.add) values = values + load(y + c);
    store(y + c, values);
  }
#else
  for (std::int64_t c = 0; c < width; ++c) y[c] = tile.add ? value(c) + y[c] : value(c);
#endif
}

template <int rows, int panels>
[[gnu::noinline]] void multiply_tile_i16(const TileI16& tile) {
  constexpr int width = panels * static_cast<int>(panel_i16);
#if !defined(ILK_WITHOUT_INTS)
  constexpr int wide = width / static_cast<int>(ints);
  Ints sums[rows][wide];
  sum_pairs<rows, panels>(tile.x, tile.x_stride, tile.a, tile.panel_stride, tile.pairs, sums);
  std::int32_t stored[rows * width];
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < wide; ++v) store_sums(stored + r * width + v * ints, sums[r][v]);
#else
  std::int32_t stored[rows * width] = {};
  sum_pairs<rows>(tile.x, tile.x_stride, tile.a, tile.pairs, stored);
#endif
  for (int r = 0; r < rows; ++r)
    finish_row_i16<width>(stored + r * width, tile.x_scales[r], tile, tile.y + r * tile.y_stride);
}

inline void multiply_i16(const ProductI16& p) {
  const std::int64_t pairs = (p.k + 1) / 2;
  for (std::int64_t block = 0; block < p.rows; block += block_rows_i16) {
    const std::int64_t block_end = smaller(p.rows, block + block_rows_i16);
    for (std::int64_t first = 0; first < pairs; first += pairs_of_a_part) {
      std::int64_t step = 0;
      for (std::int64_t j = 0; j < p.columns; j += step) {
        const bool both = tile_panels_i16 == 2 && p.columns - j > panel_i16;
        step = both ? tile_panels_i16 * panel_i16 : panel_i16;
        const std::int64_t columns = smaller(step, p.columns - j);
        float start[tile_panels_i16 * panel_i16] = {};
        for (std::int64_t c = 0; c < columns && p.bias != nullptr && first == 0; ++c)
          start[c] = p.bias[j + c];
        for (std::int64_t row = block; row < block_end; row += tile_rows_i16) {
          const TileI16 tile{p.x + row * p.x_stride + 2 * first,
                             p.x_stride,
                             p.x_scales + row,
                             p.panels + (j * pairs + first * panel_i16) * 2,
                             pairs * panel_i16 * 2,
                             p.column_scales + j,
                             smaller(pairs_of_a_part, pairs - first),
                             start,
                             p.add || first > 0,
                             p.y + row * p.y_stride + j,
                             p.y_stride,
                             columns};
          const std::int64_t rows = smaller(tile_rows_i16, block_end - row);
          with_rows(rows, [&]<int count>() {
            both ? multiply_tile_i16<count, tile_panels_i16>(tile) : multiply_tile_i16<count, 1>(tile);
          });
        }
      }
    }
  }
}
