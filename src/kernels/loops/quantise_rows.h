// Rows less an origin as small whole numbers: see quantised_rows.h. The same to the last bit on every
// processor: k-means++ draws by what is made of them.

// Coordinates that are worked on at a time.
constexpr std::int64_t row_group = 32;

/// The coordinates j … j + count − 1 of row − origin, and zeros up to a whole group.
inline void load_group(const float* row, const float* origin, std::int64_t j, std::int64_t count,
                       float* values) {
  if (count == row_group && origin != nullptr)
    for (std::int64_t i = 0; i < row_group; ++i) values[i] = row[j + i] - origin[j + i];
  else
    for (std::int64_t i = 0; i < row_group; ++i)
      values[i] = i < count ? row[j + i] - (origin != nullptr ? origin[j + i] : 0) : 0;
}

inline RowSpread spread_of_row(const float* row, const float* origin, std::int64_t n) {
  RowSpread spread{0, 0, 0};
  float largest[row_group] = {};
  for (std::int64_t begin = 0; begin < n; begin += RowSpread::part) {
    float squares[row_group] = {};
    const std::int64_t end = smaller(n, begin + RowSpread::part);
    for (std::int64_t j = begin; j < end; j += row_group) {
      float values[row_group];
      load_group(row, origin, j, smaller(row_group, end - j), values);
      for (std::int64_t i = 0; i < row_group; ++i) {
        squares[i] += values[i] * values[i];
        const float size = __builtin_fabsf(values[i]);
        largest[i] = size > largest[i] ? size : largest[i];
      }
    }
    float of_sums[2] = {};
    for (std::int64_t i = 0; i < row_group; ++i) of_sums[i / 2 % 2] += squares[i];
    for (const float square : of_sums) spread.longest = square > spread.longest ? square : spread.longest;
    spread.square += of_sums[0] + of_sums[1];
  }
  spread.longest = __builtin_sqrtf(spread.longest);
  for (const float size : largest) spread.largest = size > spread.largest ? size : spread.largest;
  return spread;
}

template <class Small>
inline float round_row(const float* row, const float* origin, std::int64_t n, float scale, float inverse,
                       float shift, Small* to, float* rests) {
  // Adding and subtracting this rounds a float below 2^22 to a whole number.
  constexpr float rounding = 0x1.8p23f;
  float missed[row_group] = {};
  for (std::int64_t j = 0; j < n; j += row_group) {
    float values[row_group];
    load_group(row, origin, j, smaller(row_group, n - j), values);
    std::int32_t whole[row_group];
    for (std::int64_t i = 0; i < row_group; ++i) {
      const float rounded = (values[i] * inverse + rounding) - rounding;
      values[i] -= rounded * scale;
      missed[i] += values[i] * values[i];
      whole[i] = static_cast<std::int32_t>(rounded + shift);
    }
    for (std::int64_t i = 0; i < row_group; ++i) to[j + i] = static_cast<Small>(whole[i]);
    if (rests != nullptr) __builtin_memcpy(rests + j, values, sizeof(values));
  }
  float total = 0;
  for (const float one : missed) total += one;
  return total;
}

inline float round_row_to_8(const float* row, const float* origin, std::int64_t n, float scale, float inverse,
                            float shift, std::uint8_t* to, float* rests) {
  return round_row(row, origin, n, scale, inverse, shift, to, rests);
}

inline float round_row_to_16(const float* row, const float* origin, std::int64_t n, float scale,
                             float inverse, std::int16_t* to) {
  return round_row(row, origin, n, scale, inverse, 0, to, nullptr);
}
