// Rows as 16-bit whole numbers and a scale: see int16_product.h.

// 46340 less what rounding adds to a part's length, half the root of 768, and some more for that of floats.
constexpr float longest_part = 46300, largest_number = 32766;
// Between these nothing that is made of a number here leaves the range of floats.
constexpr float least_size = 1e-30f, most_size = 1e28f;

/// The largest size of a number, or NaN where there is one: by their bits, which are ordered as the sizes
/// are.
inline float largest_size(const float* row, std::int64_t k) {
  std::int32_t largest = 0;
  for (std::int64_t j = 0; j < k; ++j) {
    std::int32_t size = 0;
    __builtin_memcpy(&size, row + j, sizeof(size));
    size &= 0x7fffffff;
    largest = size > largest ? size : largest;
  }
  return __builtin_bit_cast(float, largest);
}

/// The length of the longest part of `factor` times a row.
inline float length_of_longest_part(const float* row, std::int64_t k, float factor) {
  float longest = 0;
  for (std::int64_t begin = 0; begin < k; begin += ProductI16::part) {
    const std::int64_t end = smaller(k, begin + ProductI16::part);
    float squares[lanes] = {};
    std::int64_t j = begin;
    for (; j + lanes <= end; j += lanes)
      for (std::int64_t lane = 0; lane < lanes; ++lane) {
        const float value = row[j + lane] * factor;
        squares[lane] += value * value;
      }
    for (; j < end; ++j) squares[0] += row[j] * factor * (row[j] * factor);
    const float square = folded(squares);
    longest = square > longest ? square : longest;
  }
  return __builtin_sqrtf(longest);
}

inline float quantise_i16(const float* row, std::int64_t k, std::int16_t* to) {
  // Adding and subtracting this rounds a float below 2^22 to a whole number.
  constexpr float rounding = 0x1.8p23f;
  const float largest = largest_size(row, k);
  float inverse = 0, scale = 0;
  if (!(largest <= most_size)) {
    scale = __builtin_nanf("");
  } else if (largest >= least_size) {
    const float allowed = longest_part / length_of_longest_part(row, k, 1 / largest);
    const float top = allowed < largest_number ? allowed : largest_number;
    inverse = top / largest;
    scale = largest / top;
  }
  if (inverse == 0) {
    for (std::int64_t j = 0; j < k; ++j) to[j] = 0;
    return scale;
  }
  for (std::int64_t j = 0; j < k; ++j)
    to[j] = static_cast<std::int16_t>(static_cast<std::int32_t>(row[j] * inverse + rounding - rounding));
  return scale;
}
