// D dimensions. A step is 4 bytes of each row, which is 4 coordinates of 8 bits or 2 of 16; a chunk is 16
// steps, whose products go into the same 16-bit sums where there are 8 bits: two sums of 32 coordinates for
// each pair of rows.
#include "byte_rows.h"

#include <ilk/error.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>

#include "../core/twice.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define ILK_BYTE_PRODUCTS 1
#include <immintrin.h>
#define ILK_AVX2_FMA __attribute__((target("avx2,fma")))
#else
#define ILK_BYTE_PRODUCTS 0
#define ILK_AVX2_FMA
#endif

namespace ilk::internal {
namespace {

constexpr std::int64_t step = 4, steps = 16, chunk = step * steps, tile = ByteRows::tile;
// The last rows of a right side that do not fill two tiles are multiplied one by one, this much at a time.
constexpr std::int64_t strip_step = 32, strip_tiles = 2 * tile, most_in_strip = 12;
// Coordinates that are worked on at a time where rows are made.
constexpr std::int64_t group = 32;
constexpr float offset = 128;
// Adding and subtracting this rounds a float below 2^22 to a whole number.
constexpr float rounding = 12582912.0f;

struct Limits {
  float byte, length;  // of a coordinate, and of the coordinates of one sum
};
// 255 · 64 · 2 < 2^15, so that a pair of products never saturates.
constexpr Limits left_limits{127, 192}, right_limits{64, 170}, wide_limits{32000, 46000};
// A rest is half a step at most: 125 and 63 of these, so that the same holds of it.
constexpr float left_rests_per_step = 250, right_rests_per_step = 126;

struct Spread {
  float largest = 0, longest = 0, square = 0;
};

/// The largest coordinate, the longest part that goes into one sum of 16 bits, and the squared length of a
/// row.
ILK_INLINE Spread spread_of_loop(const float* row, const float* origin, std::int64_t d) {
  Spread spread;
  float largest[group] = {};
  for (std::int64_t begin = 0; begin < d; begin += chunk) {
    float squares[group] = {};
    const std::int64_t end = std::min(d, begin + chunk);
    for (std::int64_t j = begin; j < end; j += group) {
      float values[group];
      const std::int64_t count = std::min(group, end - j);
      if (count == group && origin != nullptr)
        for (std::int64_t i = 0; i < group; ++i) values[i] = row[j + i] - origin[j + i];
      else
        for (std::int64_t i = 0; i < group; ++i)
          values[i] = i < count ? row[j + i] - (origin != nullptr ? origin[j + i] : 0) : 0;
      for (std::int64_t i = 0; i < group; ++i) {
        squares[i] += values[i] * values[i];
        const float size = std::fabs(values[i]);
        largest[i] = size > largest[i] ? size : largest[i];
      }
    }
    float of_sums[2] = {};
    for (std::int64_t i = 0; i < group; ++i) of_sums[i / 2 % 2] += squares[i];
    spread.longest = std::max(spread.longest, std::max(of_sums[0], of_sums[1]));
    spread.square += of_sums[0] + of_sums[1];
  }
  spread.longest = std::sqrt(spread.longest);
  spread.largest = *std::max_element(largest, largest + group);
  return spread;
}

/// Writes the small numbers of a row, and what they miss where `rests` is not null; returns the squared
/// length of that. Both are written in whole groups.
template <class Small>
ILK_INLINE float quantise_loop(const float* row, const float* origin, std::int64_t d, float scale,
                               float inverse, float shift, Small* to, float* rests) {
  float missed[group] = {};
  for (std::int64_t j = 0; j < d; j += group) {
    float values[group];
    const std::int64_t count = std::min(group, d - j);
    if (count == group && origin != nullptr)
      for (std::int64_t i = 0; i < group; ++i) values[i] = row[j + i] - origin[j + i];
    else
      for (std::int64_t i = 0; i < group; ++i)
        values[i] = i < count ? row[j + i] - (origin != nullptr ? origin[j + i] : 0) : 0;
    std::int32_t whole[group];
    for (std::int64_t i = 0; i < group; ++i) {
      const float rounded = (values[i] * inverse + rounding) - rounding;
      values[i] -= rounded * scale;
      missed[i] += values[i] * values[i];
      whole[i] = static_cast<std::int32_t>(rounded + shift);
    }
    for (std::int64_t i = 0; i < group; ++i) to[j + i] = static_cast<Small>(whole[i]);
    if (rests) std::copy_n(values, group, rests + j);
  }
  float total = 0;
  for (const float one : missed) total += one;
  return total;
}

ILK_INLINE float quantise_8_loop(const float* row, const float* origin, std::int64_t d, float scale,
                                 float inverse, float shift, std::uint8_t* to, float* rests) {
  return quantise_loop(row, origin, d, scale, inverse, shift, to, rests);
}

ILK_INLINE float quantise_16_loop(const float* row, const float* origin, std::int64_t d, float scale,
                                  float inverse, std::int16_t* to) {
  return quantise_loop(row, origin, d, scale, inverse, 0, to, nullptr);
}

/// a · b, of whose numbers two in turn belong together; those of b are `stride` apart.
ILK_INLINE std::int32_t wide_product_loop(const std::int16_t* a, const std::int16_t* b, std::int64_t stride,
                                          std::int64_t n) {
  std::int32_t sum = 0;
  for (std::int64_t i = 0; i < n; i += 2, b += stride) sum += a[i] * b[0] + a[i + 1] * b[1];
  return sum;
}

std::int64_t width_of(int bits, std::int64_t dimensions) {
  return (dimensions * (bits / 8) + chunk - 1) / chunk * chunk;
}

}  // namespace

// The same to the last bit on every processor: k-means++ draws by what is made of them.
ILK_TWICE(Spread, spread_of, (const float* row, const float* origin, std::int64_t d), (row, origin, d))
ILK_TWICE(float, quantise_8,
          (const float* row, const float* origin, std::int64_t d, float scale, float inverse, float shift,
           std::uint8_t* to, float* rests),
          (row, origin, d, scale, inverse, shift, to, rests))
ILK_TWICE(float, quantise_16,
          (const float* row, const float* origin, std::int64_t d, float scale, float inverse,
           std::int16_t* to),
          (row, origin, d, scale, inverse, to))
ILK_TWICE(std::int32_t, wide_product,
          (const std::int16_t* a, const std::int16_t* b, std::int64_t stride, std::int64_t n),
          (a, b, stride, n))

bool has_byte_products() {
#if ILK_BYTE_PRODUCTS
  static const bool found = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return found && !without_wide_registers();
#else
  return false;
#endif
}

void ByteRows::Free::operator()(std::uint8_t* bytes) const {
  ::operator delete[](bytes, std::align_val_t(64));
}

ByteRows::Bytes ByteRows::allocated(std::int64_t size) {
  return Bytes(
      static_cast<std::uint8_t*>(::operator new[](static_cast<std::size_t>(size), std::align_val_t(64))));
}

ByteRows::ByteRows(Side side, int bits, std::int64_t rows, std::int64_t dimensions, bool rests)
    : side_(side),
      bits_(bits),
      dimensions_(dimensions),
      width_(width_of(bits, dimensions)),
      first_strip_(side == Side::right && bits == 16 && rows % strip_tiles >= 1 &&
                           rows % strip_tiles <= most_in_strip
                       ? rows / strip_tiles * strip_tiles
                       : rows),
      in_strip_(rows - first_strip_),
      strip_(allocated(in_strip_ * width_)),
      bytes_(allocated((side == Side::left ? rows : padded(rows)) * width_)),
      scales_(static_cast<std::size_t>(side == Side::left ? rows : padded(rows))),
      errors_(scales_.size()),
      lengths_(scales_.size()) {
  const std::int64_t sides = side == Side::left ? 1 : 2;
  rows = this->rows();
  if (rests) {
    rests_ = allocated(rows * sides * width_);
    rest_errors_.resize(scales_.size());
  }
  if (side == Side::left) return;
  std::fill_n(bytes_.get(), rows * width_, std::uint8_t{0});
  if (bits == 8) corrections_.resize(static_cast<std::size_t>(rows * (width_ / chunk) * 2));
  if (!rests) return;
  std::fill_n(rests_.get(), rows * sides * width_, std::uint8_t{0});
  row_corrections_.resize(2 * scales_.size());
}

float ByteRows::half_square(std::int64_t i) const {
  const auto* row = reinterpret_cast<const std::int16_t*>(bytes_.get() + i * width_);
  const float scale = scales_[static_cast<std::size_t>(i)];
  return scale * scale * static_cast<float>(wide_product(row, row, 2, width_ / 2)) * 0.5f;
}

std::int64_t ByteRows::memory(int bits, std::int64_t rows, std::int64_t dimensions, bool rests) {
  constexpr auto number = static_cast<std::int64_t>(sizeof(float));
  return rows * (width_of(bits, dimensions) * (rests ? 2 : 1) + (rests ? 4 : 3) * number);
}

void ByteRows::set(std::int64_t i, const float* row, const float* origin) {
  const bool is_left = side_ == Side::left;
  const Limits& limits = bits_ == 16 ? wide_limits : is_left ? left_limits : right_limits;
  const Spread spread = spread_of(row, origin, dimensions_);
  // Rounding lengthens a row, or the 32 coordinates of one sum, by half the root of their number at most.
  const float longest = bits_ == 16 ? std::sqrt(spread.square) : spread.longest;
  const float lengthened =
      bits_ == 16 ? 0.51f * std::sqrt(static_cast<float>(dimensions_)) : 0.51f * std::sqrt(32.0f);
  const float room = std::max(0.0f, limits.length - lengthened);
  const float inverse =
      longest > 0 ? std::min(0.999f * limits.byte / spread.largest, 0.999f * room / longest) : 0;
  const bool usable = inverse > 0 && std::isfinite(inverse) && std::isfinite(spread.square);
  const float scale = usable ? 1 / inverse : 0, factor = usable ? inverse : 0;
  std::vector<std::uint8_t> for_tile(is_left ? 0 : static_cast<std::size_t>(width_));
  std::vector<float> rest(has_rests() ? static_cast<std::size_t>(width_) : 0);
  std::uint8_t* bytes = is_left ? bytes_.get() + i * width_ : for_tile.data();
  if (is_left) std::fill(bytes + width_ - chunk, bytes + width_, std::uint8_t{0});
  const float missed = bits_ == 16 ? quantise_16(row, origin, dimensions_, scale, factor,
                                                 reinterpret_cast<std::int16_t*>(bytes))
                                   : quantise_8(row, origin, dimensions_, scale, factor, is_left ? offset : 0,
                                                bytes, has_rests() ? rest.data() : nullptr);
  const auto place = static_cast<std::size_t>(i);
  // A little more than the truth, for the rounding of these very sums and squares too small for a float.
  const float length = 1.001f * std::sqrt(spread.square) + 1e-15f;
  const auto error_of = [&](float square) {
    return usable ? 1.001f * std::sqrt(square) + 1e-6f * length + 1e-15f : length;
  };
  scales_[place] = scale;
  errors_[place] = error_of(missed);
  lengths_[place] = length + errors_[place];
  if (!is_left) set_tile(i, bytes);
  if (has_rests()) rest_errors_[place] = error_of(keep_rest(i, bytes, rest.data(), scale, factor));
}

void ByteRows::set_tile(std::int64_t i, const std::uint8_t* bytes) {
  std::uint8_t* to = bytes_.get() + i / tile * tile * width_ + i % tile * step;
  for (std::int64_t at = 0; at < width_; at += step) std::copy_n(bytes + at, step, to + at * tile);
  if (i >= first_strip_)
    for (std::int64_t at = 0; at < width_; at += strip_step)
      std::copy_n(bytes + at, strip_step, strip_.get() + at * in_strip_ + (i - first_strip_) * strip_step);
  if (corrections_.empty()) return;
  std::int16_t* correction = corrections_.data() + (i / tile * tile * (width_ / chunk) + i % tile) * 2;
  for (std::int64_t begin = 0; begin < width_; begin += chunk, correction += 2 * tile) {
    int totals[2] = {};
    for (std::int64_t j = begin; j < begin + chunk; ++j)
      totals[j / 2 % 2] += static_cast<std::int8_t>(bytes[j]);
    // Modulo 2^16, as are the sums.
    for (int sum = 0; sum < 2; ++sum)
      correction[sum] = static_cast<std::int16_t>(static_cast<std::uint16_t>(-128 * totals[sum]));
  }
}

float ByteRows::keep_rest(std::int64_t i, const std::uint8_t* bytes, const float* rest, float scale,
                          float inverse) {
  const bool is_left = side_ == Side::left;
  const float per_step = is_left ? left_rests_per_step : right_rests_per_step;
  std::uint8_t* to = rests_.get() + i * (is_left ? width_ : 2 * width_);
  if (is_left) {
    std::fill(to + width_ - chunk, to + width_, std::uint8_t{0});
  } else {
    std::copy_n(bytes, width_, to);
    to += width_;
  }
  const float missed = quantise_8(rest, nullptr, dimensions_, scale / per_step, inverse * per_step,
                                  is_left ? offset : 0, to, nullptr);
  if (!is_left)
    for (int which = 0; which < 2; ++which) {
      std::int32_t total = 0;
      for (std::int64_t j = 0; j < width_; ++j)
        total += static_cast<std::int8_t>((which == 0 ? bytes : to)[j]);
      row_corrections_[static_cast<std::size_t>(2 * i + which)] = -128 * total;
    }
  return missed;
}

#if ILK_BYTE_PRODUCTS
namespace {

ILK_AVX2_FMA inline __m256i load(const void* address) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(address));
}

/// Neighbours of 16 bits added in 32.
ILK_AVX2_FMA inline __m256i widened(__m256i a) {
  return _mm256_madd_epi16(a, _mm256_set1_epi16(1));
}

constexpr int rows_at_once = 4;

// Written as instructions: compilers reorder the sums and run out of registers, at half of the speed. A step
// multiplies the same 4 bytes of a left row with those of 8 or 16 right rows, so that each 32 bits of a sum
// belong to one right row. ymm8 and ymm9 are the right rows, ymm10 is a left row.
#define ILK_WITH_TILE(left, sum, multiply, add)                                            \
  "vpbroadcastd \\at*4(%[" left "]), %%ymm10\n" multiply " %%ymm8, %%ymm10, %%ymm11\n" add \
  " %%ymm11, %[" sum "0], %[" sum "0]\n"
#define ILK_WITH_TWO_TILES(left, sum, multiply, add)                                              \
  "vpbroadcastd \\at*4(%[" left "]), %%ymm10\n" multiply " %%ymm8, %%ymm10, %%ymm11\n" multiply   \
  " %%ymm9, %%ymm10, %%ymm12\n" add " %%ymm11, %[" sum "0], %[" sum "0]\n" add " %%ymm12, %[" sum \
  "1], %[" sum "1]\n"
#define ILK_STEPS(body) ".irp at,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n" body ".endr\n"
#define ILK_TILE_CHUNK(multiply, add)                                                                       \
  asm volatile(ILK_STEPS("vmovdqu \\at*32(%[right]), %%ymm8\n" ILK_WITH_TILE("left_0", "a", multiply, add)  \
                             ILK_WITH_TILE("left_1", "b", multiply, add) ILK_WITH_TILE(                     \
                                 "left_2", "c", multiply, add) ILK_WITH_TILE("left_3", "d", multiply, add)) \
               : [a0] "+x"(a0), [b0] "+x"(b0), [c0] "+x"(c0), [d0] "+x"(d0)                                 \
               : [left_0] "r"(left[0] + begin), [left_1] "r"(left[1] + begin),                              \
                 [left_2] "r"(left[2] + begin), [left_3] "r"(left[3] + begin), [right] "r"(right)           \
               : "ymm8", "ymm10", "ymm11", "memory")
#define ILK_TWO_TILES_CHUNK(multiply, add)                                                               \
  asm volatile(                                                                                          \
      ILK_STEPS(                                                                                         \
          "vmovdqu \\at*32(%[right]), %%ymm8\nvmovdqu \\at*32(%[right_1]), %%ymm9\n" ILK_WITH_TWO_TILES( \
              "left_0", "a", multiply, add) ILK_WITH_TWO_TILES("left_1", "b", multiply, add)             \
              ILK_WITH_TWO_TILES("left_2", "c", multiply, add)                                           \
                  ILK_WITH_TWO_TILES("left_3", "d", multiply, add))                                      \
      : [a0] "+x"(a0), [b0] "+x"(b0), [c0] "+x"(c0), [d0] "+x"(d0), [a1] "+x"(a1), [b1] "+x"(b1),        \
        [c1] "+x"(c1), [d1] "+x"(d1)                                                                     \
      : [left_0] "r"(left[0] + begin), [left_1] "r"(left[1] + begin), [left_2] "r"(left[2] + begin),     \
        [left_3] "r"(left[3] + begin), [right] "r"(right), [right_1] "r"(right + tile * width)           \
      : "ymm8", "ymm9", "ymm10", "ymm11", "ymm12", "memory")

/// The products of four left rows with the rows of one or two tiles, whose first begins at `right`:
/// totals[tiles · p + t] are those of left row p and tile t. `corrections` are null for 16 bits. `next` are
/// the left rows that are needed next, to be fetched meanwhile, or null.
template <int bits, int tiles>
ILK_AVX2_FMA inline void multiply_tiles(const std::uint8_t* const* left, const std::uint8_t* const* next,
                                        const std::uint8_t* right, std::int64_t width,
                                        const std::int16_t* corrections, __m256i* totals) {
  __m256i a0 = _mm256_setzero_si256(), b0 = a0, c0 = a0, d0 = a0, a1 = a0, b1 = a0, c1 = a0, d1 = a0;
  for (int i = 0; i < rows_at_once * tiles; ++i) totals[i] = a0;
  for (std::int64_t begin = 0; begin < width; begin += chunk, right += tile * chunk) {
    if (next != nullptr)
      for (int p = 0; p < rows_at_once; ++p) _mm_prefetch(next[p] + begin, _MM_HINT_T0);
    if constexpr (bits == 16) {
      if constexpr (tiles == 1)
        ILK_TILE_CHUNK("vpmaddwd", "vpaddd");
      else
        ILK_TWO_TILES_CHUNK("vpmaddwd", "vpaddd");
    } else {
      const std::int16_t* correction = corrections + begin / chunk * 2 * tile;
      a0 = b0 = c0 = d0 = load(correction);
      if constexpr (tiles == 1) {
        ILK_TILE_CHUNK("vpmaddubsw", "vpaddw");
      } else {
        a1 = b1 = c1 = d1 = load(correction + width / chunk * 2 * tile);
        ILK_TWO_TILES_CHUNK("vpmaddubsw", "vpaddw");
      }
    }
    if (bits == 16 && begin + chunk < width) continue;
    const __m256i first[] = {a0, b0, c0, d0}, second[] = {a1, b1, c1, d1};
    for (int p = 0; p < rows_at_once; ++p) {
      const auto add = [&](int place, __m256i sums) ILK_AVX2_FMA {
        totals[place] = bits == 16 ? sums : _mm256_add_epi32(totals[place], widened(sums));
      };
      add(tiles * p, first[p]);
      if (tiles > 1) add(tiles * p + 1, second[p]);
    }
  }
}
#undef ILK_WITH_TILE
#undef ILK_WITH_TWO_TILES
#undef ILK_STEPS
#undef ILK_TILE_CHUNK
#undef ILK_TWO_TILES_CHUNK

/// The sums of eight times eight numbers, added to totals[0 … 7].
ILK_AVX2_FMA inline void add_totals(__m256i a, __m256i b, __m256i c, __m256i d, __m256i e, __m256i f,
                                    __m256i g, __m256i h, std::int32_t* totals) {
  const __m256i first = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d)),
                second = _mm256_hadd_epi32(_mm256_hadd_epi32(e, f), _mm256_hadd_epi32(g, h));
  const __m256i sums = _mm256_add_epi32(_mm256_permute2x128_si256(first, second, 0x20),
                                        _mm256_permute2x128_si256(first, second, 0x31));
  auto* to = reinterpret_cast<__m256i*>(totals);
  _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), sums));
}

/// Adds the products of a part of a left row and a strip of `columns` rows to totals[0 … 15].
template <int columns>
ILK_AVX2_FMA void multiply_strip(const std::uint8_t* left, const std::uint8_t* next,
                                 const std::uint8_t* strip, std::int64_t bytes, std::int32_t* totals) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero, s6 = zero, s7 = zero, s8 = zero,
          s9 = zero, s10 = zero, s11 = zero;
  for (std::int64_t at = 0; at < bytes; at += strip_step, strip += columns * strip_step) {
    if (at % chunk == 0) _mm_prefetch(next + at, _MM_HINT_T0);
    const __m256i x = load(left + at);
// Written as instructions for the same reason as tiles.
#define ILK_COLUMN(c)                                                            \
  if constexpr (columns > (c))                                                   \
  asm("vpmaddwd %2, %1, %%ymm15\nvpaddd %%ymm15, %0, %0"                         \
      : "+x"(s##c)                                                               \
      : "x"(x), "m"(*reinterpret_cast<const __m256i_u*>(strip + (c)*strip_step)) \
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
  add_totals(s0, s1, s2, s3, s4, s5, s6, s7, totals);
  if constexpr (columns > tile) add_totals(s8, s9, s10, s11, zero, zero, zero, zero, totals + tile);
}

using MultiplyStrip = void (*)(const std::uint8_t*, const std::uint8_t*, const std::uint8_t*, std::int64_t,
                               std::int32_t*);
constexpr MultiplyStrip multiply_strips[] = {multiply_strip<1>,  multiply_strip<2>,  multiply_strip<3>,
                                             multiply_strip<4>,  multiply_strip<5>,  multiply_strip<6>,
                                             multiply_strip<7>,  multiply_strip<8>,  multiply_strip<9>,
                                             multiply_strip<10>, multiply_strip<11>, multiply_strip<12>};

/// A left row of bytes, 128 too large, with a right row of bytes.
ILK_AVX2_FMA inline std::int32_t row_product(const std::uint8_t* left, const std::uint8_t* right,
                                             std::int64_t width) {
  __m256i a = _mm256_setzero_si256(), b = a;
  for (std::int64_t at = 0; at < width; at += chunk) {
    a = _mm256_add_epi32(a, widened(_mm256_maddubs_epi16(load(left + at), load(right + at))));
    b = _mm256_add_epi32(b, widened(_mm256_maddubs_epi16(load(left + at + 32), load(right + at + 32))));
  }
  a = _mm256_add_epi32(a, b);
  __m128i sums = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  sums = _mm_add_epi32(sums, _mm_unpackhi_epi64(sums, sums));
  return _mm_cvtsi128_si32(_mm_add_epi32(sums, _mm_shuffle_epi32(sums, 1)));
}

}  // namespace

/// The products with the rows of the strip, as byte_products gives them; `out` is where the first one's go.
ILK_AVX2_FMA void ByteRows::multiply_by_strip(const ByteRows& left, const std::int32_t* left_rows,
                                              const std::int32_t* out_rows, std::int64_t n_left,
                                              const float* bias, float* out, std::int64_t stride) const {
  // Parts of rows, so that those of the strip stay in the nearest cache.
  constexpr std::int64_t rows_at_once = 16, nearest_cache = std::int64_t{12} << 10;
  const std::int64_t part = nearest_cache / in_strip_ / chunk * chunk;
  const MultiplyStrip multiply = multiply_strips[in_strip_ - 1];
  for (std::int64_t p = 0; p < n_left; p += rows_at_once) {
    const std::int64_t count = std::min(rows_at_once, n_left - p);
    std::int32_t totals[rows_at_once * strip_tiles] = {};
    for (std::int64_t begin = 0; begin < width_; begin += part)
      for (std::int64_t i = 0; i < count; ++i) {
        const std::uint8_t *row = left.bytes_.get() + left_rows[p + i] * width_ + begin,
                           *next = left.bytes_.get() + left_rows[std::min(p + i + 1, n_left - 1)] * width_ +
                                   begin;
        multiply(row, next, strip_.get() + begin * in_strip_, std::min(part, width_ - begin),
                 totals + i * strip_tiles);
      }
    for (std::int64_t i = 0; i < count; ++i)
      for (std::int64_t j = 0; j < in_strip_; j += tile) {
        const __m256 scale =
            _mm256_mul_ps(_mm256_loadu_ps(scales_.data() + first_strip_ + j),
                          _mm256_set1_ps(left.scales_[static_cast<std::size_t>(left_rows[p + i])]));
        const __m256 total = _mm256_cvtepi32_ps(load(totals + i * strip_tiles + j));
        _mm256_storeu_ps(out + (out_rows ? out_rows[p + i] : p + i) * stride + j,
                         _mm256_fmadd_ps(total, scale, _mm256_loadu_ps(bias + first_strip_ + j)));
      }
  }
}

ILK_AVX2_FMA void ByteRows::multiply_by_tiles(const ByteRows& left, const std::int32_t* left_rows,
                                              const std::int32_t* out_rows, std::int64_t n_left,
                                              std::int64_t first_right, std::int64_t end_right,
                                              const float* bias, float* out, std::int64_t stride) const {
  const std::int64_t width = left.width_;
  for (std::int64_t row = first_right; row < end_right;) {
    const std::int64_t tiles = row + tile < end_right ? 2 : 1;
    const std::uint8_t* bytes = bytes_.get() + row * width;
    const std::int16_t* corrections = bits_ == 8 ? corrections_.data() + row * (width / chunk) * 2 : nullptr;
    for (std::int64_t p = 0; p < n_left; p += rows_at_once) {
      // Where fewer than four are left, the last stands in for the others.
      std::int64_t places[rows_at_once];
      const std::uint8_t *rows[rows_at_once], *following[rows_at_once];
      for (std::int64_t i = 0; i < rows_at_once; ++i) {
        places[i] = std::min(p + i, n_left - 1);
        rows[i] = left.bytes_.get() + left_rows[places[i]] * width;
        following[i] = left.bytes_.get() + left_rows[std::min(p + i + rows_at_once, n_left - 1)] * width;
      }
      const std::uint8_t* const* next = row == first_right ? following : nullptr;
      __m256i totals[2 * rows_at_once];
      if (bits_ == 16)
        tiles == 1 ? multiply_tiles<16, 1>(rows, next, bytes, width, nullptr, totals)
                   : multiply_tiles<16, 2>(rows, next, bytes, width, nullptr, totals);
      else
        tiles == 1 ? multiply_tiles<8, 1>(rows, next, bytes, width, corrections, totals)
                   : multiply_tiles<8, 2>(rows, next, bytes, width, corrections, totals);
      for (std::int64_t t = 0; t < tiles; ++t) {
        const std::int64_t first = row + t * tile;
        const __m256 scales = _mm256_loadu_ps(scales_.data() + first), biases = _mm256_loadu_ps(bias + first);
        for (std::int64_t i = 0; i < rows_at_once; ++i) {
          const __m256 scale = _mm256_mul_ps(
              scales, _mm256_set1_ps(left.scales_[static_cast<std::size_t>(left_rows[places[i]])]));
          _mm256_storeu_ps(out + (out_rows ? out_rows[places[i]] : places[i]) * stride + first - first_right,
                           _mm256_fmadd_ps(_mm256_cvtepi32_ps(totals[tiles * i + t]), scale, biases));
        }
      }
    }
    row += tiles * tile;
  }
}

ILK_AVX2_FMA float rest_product(const ByteRows& left, std::int64_t i, const ByteRows& right, std::int64_t j) {
  const std::int64_t width = left.width_;
  const auto left_place = static_cast<std::size_t>(i), right_place = static_cast<std::size_t>(j);
  const std::uint8_t* bytes = right.rests_.get() + j * 2 * width;
  const std::int32_t of_left_rest =
      row_product(left.rests_.get() + i * width, bytes, width) + right.row_corrections_[2 * right_place];
  const std::int32_t of_right_rest = row_product(left.bytes_.get() + i * width, bytes + width, width) +
                                     right.row_corrections_[2 * right_place + 1];
  return left.scales_[left_place] * right.scales_[right_place] *
         (static_cast<float>(of_left_rest) / left_rests_per_step +
          static_cast<float>(of_right_rest) / right_rests_per_step);
}
#else
void ByteRows::multiply_by_strip(const ByteRows&, const std::int32_t*, const std::int32_t*, std::int64_t,
                                 const float*, float*, std::int64_t) const {
  std::abort();
}
void ByteRows::multiply_by_tiles(const ByteRows&, const std::int32_t*, const std::int32_t*, std::int64_t,
                                 std::int64_t, std::int64_t, const float*, float*, std::int64_t) const {
  std::abort();
}
float rest_product(const ByteRows&, std::int64_t, const ByteRows&, std::int64_t) {
  std::abort();
}
#endif

void byte_products(const ByteRows& left, const std::int32_t* left_rows, const std::int32_t* out_rows,
                   std::int64_t n_left, const ByteRows& right, std::int64_t first_right, std::int64_t n_right,
                   const float* bias, float* out, std::int64_t stride) {
  const std::int64_t end = first_right + n_right, width = left.width_;
  if (has_byte_products()) {
    const bool with_strip = right.in_strip_ > 0 && first_right <= right.first_strip_ && end >= right.count();
    right.multiply_by_tiles(left, left_rows, out_rows, n_left, first_right,
                            with_strip ? right.first_strip_ : end, bias, out, stride);
    if (with_strip)
      right.multiply_by_strip(left, left_rows, out_rows, n_left, bias, out + right.first_strip_ - first_right,
                              stride);
    return;
  }
  require(left.bits_ == 16, "byte_products", "8 bits need a processor that multiplies bytes.");
  for (std::int64_t p = 0; p < n_left; ++p)
    for (std::int64_t j = first_right; j < end; ++j) {
      const std::int64_t row = left_rows[p];
      const auto* a = reinterpret_cast<const std::int16_t*>(left.bytes_.get() + row * width);
      const auto* b = reinterpret_cast<const std::int16_t*>(right.bytes_.get() + j / tile * tile * width +
                                                            j % tile * step);
      const float scale =
          right.scales_[static_cast<std::size_t>(j)] * left.scales_[static_cast<std::size_t>(row)];
      out[(out_rows ? out_rows[p] : p) * stride + j - first_right] =
          static_cast<float>(wide_product(a, b, 2 * tile, width / 2)) * scale + bias[j];
    }
}

double rest_product_error(double left_error, double left_rest_error, double left_length, double right_error,
                          double right_rest_error, double right_length) {
  return 1.001 * ((left_error + left_rest_error) * (right_error + right_rest_error) +
                  left_rest_error * right_length + (left_length + left_rest_error) * right_rest_error);
}

}  // namespace ilk::internal
