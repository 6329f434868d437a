// y = x A + bias. Each number of y is one sum, k after k, fused: the same bits whatever the tile and the
// registers. A tile of y is held in registers while k runs (Goto and van de Geijn 2008, with the blocks in
// rows rather than in columns); a block of rows stays in the second cache, a panel's in the first.
constexpr std::int64_t panel = 16, vectors = panel / floats;
#if defined(ILK_AVX512)
constexpr int tile_rows = 12, tile_panels = 2;
#else
constexpr int tile_rows = 6, tile_panels = 1;
#endif
constexpr std::int64_t block_rows = 192, block_k = 256;

struct TileF32 {
  const float* x;
  std::int64_t x_stride;
  const float* a;             // of the first panel
  std::int64_t panel_stride;  // from panel to panel
  std::int64_t k;
  const float* start;  // (panels · 16): what sums begin with
  bool add;            // whether y is added too
  float* y;
  std::int64_t y_stride;
};

template <int rows, int panels>
void multiply_tile_f32(const TileF32& tile) {
  constexpr int wide = panels * static_cast<int>(vectors);
  Floats sums[rows][wide];
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < wide; ++v) {
      sums[r][v] = load(tile.start + v * floats);
      if (tile.add) {
        const Floats before = load(tile.y + r * tile.y_stride + v * floats);
        sums[r][v] = fused(before, all(1), sums[r][v]);
      }
    }
  const float* a = tile.a;
  const float* x = tile.x;
  for (std::int64_t i = 0; i < tile.k; ++i, a += panel) {
    Floats columns[wide];
#pragma GCC unroll 16
    for (int v = 0; v < wide; ++v)
      columns[v] = load(a + v / vectors * tile.panel_stride + v % vectors * floats);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      const Floats factor = all(x[r * tile.x_stride + i]);
#pragma GCC unroll 16
      for (int v = 0; v < wide; ++v) sums[r][v] = fused(factor, columns[v], sums[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < wide; ++v) store(tile.y + r * tile.y_stride + v * floats, sums[r][v]);
}

template <int panels>
void multiply_rows_f32(std::int64_t rows, const TileF32& tile) {
  switch (rows) {
    case 1:
      return multiply_tile_f32<1, panels>(tile);
    case 2:
      return multiply_tile_f32<2, panels>(tile);
    case 3:
      return multiply_tile_f32<3, panels>(tile);
    case 4:
      return multiply_tile_f32<4, panels>(tile);
    case 5:
      return multiply_tile_f32<5, panels>(tile);
#if defined(ILK_AVX512)
    case 6:
      return multiply_tile_f32<6, panels>(tile);
    case 7:
      return multiply_tile_f32<7, panels>(tile);
    case 8:
      return multiply_tile_f32<8, panels>(tile);
    case 9:
      return multiply_tile_f32<9, panels>(tile);
    case 10:
      return multiply_tile_f32<10, panels>(tile);
    case 11:
      return multiply_tile_f32<11, panels>(tile);
#endif
    default:
      return multiply_tile_f32<tile_rows, panels>(tile);
  }
}

inline void multiply_f32(const ProductF32& p) {
  float start[tile_panels * panel];
  float edge[tile_rows * tile_panels * panel];
  for (std::int64_t first = 0; first < p.k || first == 0; first += block_k) {
    const std::int64_t k = smaller(block_k, p.k - first);
    const bool add = p.add || first > 0;
    for (std::int64_t block = 0; block < p.rows; block += block_rows) {
      const std::int64_t block_end = smaller(p.rows, block + block_rows);
      std::int64_t step = 0;
      for (std::int64_t j = 0; j < p.columns; j += step) {
        const bool both = tile_panels == 2 && p.columns - j > panel;
        step = both ? tile_panels * panel : panel;
        const std::int64_t columns = smaller(step, p.columns - j);
        for (std::int64_t c = 0; c < step; ++c)
          start[c] = p.bias != nullptr && first == 0 && c < columns ? p.bias[j + c] : 0;
        for (std::int64_t row = block; row < block_end; row += tile_rows) {
          const std::int64_t rows = smaller(tile_rows, block_end - row);
          float* y = p.y + row * p.y_stride + j;
          TileF32 tile{p.x + row * p.x_stride + first,
                       p.x_stride,
                       p.panels + j * p.k + first * panel,
                       p.k * panel,
                       k,
                       start,
                       add,
                       y,
                       p.y_stride};
          if (columns < step) {
            tile.y = edge, tile.y_stride = step;
            for (std::int64_t r = 0; r < rows && add; ++r)
              for (std::int64_t c = 0; c < step; ++c)
                edge[r * step + c] = c < columns ? y[r * p.y_stride + c] : 0;
          }
          both ? multiply_rows_f32<tile_panels>(rows, tile) : multiply_rows_f32<1>(rows, tile);
          if (columns < step)
            for (std::int64_t r = 0; r < rows; ++r)
              for (std::int64_t c = 0; c < columns; ++c) y[r * p.y_stride + c] = edge[r * step + c];
        }
      }
    }
  }
}
