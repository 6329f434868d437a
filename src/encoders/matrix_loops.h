// The loops of matrix_product.cpp, eight numbers at a time. Included once for each kind of registers, inside
// a namespace of its own; ILK_LOOP and ILK_LOOP_LAMBDA say what its functions are compiled for, and a
// vector's way to be computed is settled before functions are inlined, so every function needs them. So
// nothing of the library is used either.

constexpr std::int64_t lanes = 8, panel = PackedMatrix::panel;
using Numbers = float __attribute__((vector_size(sizeof(float) * lanes), aligned(sizeof(float))));
using Integers = std::int32_t __attribute__((vector_size(sizeof(float) * lanes), aligned(sizeof(float))));

ILK_LOOP std::int64_t smaller(std::int64_t a, std::int64_t b) {
  return a < b ? a : b;
}
ILK_LOOP void copy(const float* from, std::int64_t n, float* to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i];
}
ILK_LOOP Numbers& at(float* place) {
  return *reinterpret_cast<Numbers*>(place);
}
ILK_LOOP const Numbers& at(const float* place) {
  return *reinterpret_cast<const Numbers*>(place);
}
ILK_LOOP Numbers all(float value) {
  return Numbers{value, value, value, value, value, value, value, value};
}

// Twelve sums and what they are made of fill the sixteen registers (Goto & van de Geijn 2008, with the blocks
// in rows rather than in columns). A block of rows stays in the second cache, a panel's in the first.
constexpr std::int64_t tile_rows = 6, block_rows = 192, block_sums = 256;

template <int rows>
ILK_LOOP void multiply_tile(const float* x, std::int64_t x_stride, const float* a, std::int64_t count,
                            float* y, std::int64_t y_stride, const float* bias, bool add) {
  Numbers sums[rows][2];
  for (int r = 0; r < rows; ++r)
    for (int half = 0; half < 2; ++half) {
      sums[r][half] = at(bias + half * lanes);
      if (add) sums[r][half] += at(y + r * y_stride + half * lanes);
    }
  for (std::int64_t i = 0; i < count; ++i, a += panel) {
    const Numbers left = at(a), right = at(a + lanes);
    for (int r = 0; r < rows; ++r) {
      const Numbers factor = all(x[r * x_stride + i]);
      sums[r][0] += factor * left;
      sums[r][1] += factor * right;
    }
  }
  for (int r = 0; r < rows; ++r)
    for (int half = 0; half < 2; ++half) at(y + r * y_stride + half * lanes) = sums[r][half];
}

ILK_LOOP void multiply_rows(std::int64_t rows, const float* x, std::int64_t x_stride, const float* a,
                            std::int64_t count, float* y, std::int64_t y_stride, const float* bias,
                            bool add) {
  switch (rows) {
    case 1:
      return multiply_tile<1>(x, x_stride, a, count, y, y_stride, bias, add);
    case 2:
      return multiply_tile<2>(x, x_stride, a, count, y, y_stride, bias, add);
    case 3:
      return multiply_tile<3>(x, x_stride, a, count, y, y_stride, bias, add);
    case 4:
      return multiply_tile<4>(x, x_stride, a, count, y, y_stride, bias, add);
    case 5:
      return multiply_tile<5>(x, x_stride, a, count, y, y_stride, bias, add);
    default:
      return multiply_tile<tile_rows>(x, x_stride, a, count, y, y_stride, bias, add);
  }
}

ILK_LOOP void multiply(const float* x, std::int64_t x_stride, std::int64_t m, const PackedMatrix& a,
                       const float* bias, float* y, std::int64_t y_stride, bool add) {
  const std::int64_t k = a.rows(), n = a.columns();
  const float none[panel] = {};
  for (std::int64_t first = 0; first < k; first += block_sums) {
    const std::int64_t count = smaller(block_sums, k - first);
    const bool go_on = add || first > 0;
    for (std::int64_t block = 0; block < m; block += block_rows) {
      const std::int64_t block_end = smaller(m, block + block_rows);
      for (std::int64_t j = 0; j < n; j += panel) {
        const std::int64_t columns = smaller(panel, n - j);
        float panel_bias[panel] = {};
        if (bias && first == 0) copy(bias + j, columns, panel_bias);
        const float* b = bias && first == 0 ? panel_bias : none;
        const float* values = a.panels() + j * k + first * panel;
        for (std::int64_t row = block; row < block_end; row += tile_rows) {
          const std::int64_t rows = smaller(tile_rows, block_end - row);
          const float* from = x + row * x_stride + first;
          float* to = y + row * y_stride + j;
          if (columns == panel) {
            multiply_rows(rows, from, x_stride, values, count, to, y_stride, b, go_on);
            continue;
          }
          float tile[tile_rows * panel] = {};
          for (std::int64_t r = 0; r < rows && go_on; ++r) copy(to + r * y_stride, columns, tile + r * panel);
          multiply_rows(rows, from, x_stride, values, count, tile, panel, b, go_on);
          for (std::int64_t r = 0; r < rows; ++r) copy(tile + r * panel, columns, to + r * y_stride);
        }
      }
    }
  }
}

/// e^x to a unit in the last place or two, for −87 ≤ x ≤ 88 and the ends of that beyond (the polynomial is
/// Cephes's, Moshier 1989).
ILK_LOOP Numbers exponential(Numbers x) {
  x = x < -87.0f ? all(-87.0f) : x;
  x = x > 88.0f ? all(88.0f) : x;
  // Adding 1.5 · 2²³ leaves the nearest whole number in the last bits.
  const Numbers shifted = x * 1.44269504088896341f + 12582912.0f;
  const Numbers whole = shifted - 12582912.0f;
  x = x - whole * 0.693359375f;
  x = x + whole * 2.12194440e-4f;
  Numbers p = all(1.9875691500e-4f);
  p = p * x + 1.3981999507e-3f;
  p = p * x + 8.3334519073e-3f;
  p = p * x + 4.1665795894e-2f;
  p = p * x + 1.6666665459e-1f;
  p = p * x + 5.0000001201e-1f;
  p = p * (x * x) + x + 1.0f;
  const Integers exponent = (Integers)shifted << 23;
  const Integers bits = (Integers)p + exponent;
  return (Numbers)bits;
}

/// Calls change(numbers) for all of `x`, eight at a time; the last are filled up.
template <class Change>
ILK_LOOP void for_each_eight(float* x, std::int64_t n, float filling, Change change) {
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) at(x + i) = change(at(x + i));
  if (i == n) return;
  Numbers rest = all(filling);
  for (std::int64_t lane = 0; i + lane < n; ++lane) rest[lane] = x[i + lane];
  rest = change(rest);
  for (std::int64_t lane = 0; i + lane < n; ++lane) x[i + lane] = rest[lane];
}

ILK_LOOP void quick_gelu(float* x, std::int64_t n) {
  for_each_eight(x, n, 0,
                 [](Numbers value) ILK_LOOP_LAMBDA { return value / (1.0f + exponential(value * -1.702f)); });
}

ILK_LOOP void softmax(float* scores, std::int64_t stride, std::int64_t m, std::int64_t n, float scale,
                      const float* bias) {
  constexpr float lowest = -__builtin_inff();
  for (std::int64_t row = 0; row < m; ++row) {
    float* values = scores + row * stride;
    Numbers largest = all(lowest);
    for (std::int64_t i = 0; bias && i < n; ++i) values[i] = values[i] * scale + bias[row * n + i];
    for_each_eight(values, n, lowest, [&](Numbers value) ILK_LOOP_LAMBDA {
      if (!bias) value = value * scale;
      largest = value > largest ? value : largest;
      return value;
    });
    float most = largest[0];
    for (std::int64_t lane = 1; lane < lanes; ++lane) most = largest[lane] > most ? largest[lane] : most;
    Numbers sums = {};
    for_each_eight(values, n, lowest, [&](Numbers value) ILK_LOOP_LAMBDA {
      const Numbers power = value == lowest ? all(0) : exponential(value - most);
      sums += power;
      return power;
    });
    float sum = 0;
    for (std::int64_t lane = 0; lane < lanes; ++lane) sum += sums[lane];
    const float inverse = 1 / sum;
    for_each_eight(values, n, 0, [&](Numbers value) ILK_LOOP_LAMBDA { return value * inverse; });
  }
}

ILK_LOOP float dot(const float* a, const float* b, std::int64_t n) {
  Numbers sums = {};
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) sums += at(a + i) * at(b + i);
  float sum = 0;
  for (; i < n; ++i) sum += a[i] * b[i];
  for (std::int64_t lane = 0; lane < lanes; ++lane) sum += sums[lane];
  return sum;
}

ILK_LOOP void mix_rows(const float* query, const float* keys, const float* values, std::int64_t width,
                       std::int64_t heads, const std::int64_t* places, std::int64_t length, float scale,
                       float* scores, float* mixed) {
  const std::int64_t head_width = width / heads;
  for (std::int64_t i = 0; i < length; ++i)
    for (std::int64_t head = 0; head < heads; ++head)
      scores[head * length + i] =
          dot(query + head * head_width, keys + places[i] * width + head * head_width, head_width);
  softmax(scores, length, heads, length, scale, nullptr);
  for (std::int64_t j = 0; j < width; ++j) mixed[j] = 0;
  for (std::int64_t i = 0; i < length; ++i)
    for (std::int64_t head = 0; head < heads; ++head) {
      const float weight = scores[head * length + i];
      const float* value = values + places[i] * width + head * head_width;
      float* to = mixed + head * head_width;
      std::int64_t j = 0;
      for (; j + lanes <= head_width; j += lanes) at(to + j) += weight * at(value + j);
      for (; j < head_width; ++j) to[j] += weight * value[j];
    }
}
