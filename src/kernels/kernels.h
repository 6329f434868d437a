#pragma once
// The one table of loops that know instruction sets. Everything above calls them through kernels(), which was
// chosen once for this processor; nothing above has an intrinsic, an assembler block or an #ifdef.
//
// All targets give the same bits: sums over a row have a fixed number of lanes whatever the registers' width,
// float32 sums are fused multiply-adds, and lanes are folded in halves. Where a number may differ between
// targets, its comment says so, and it never reaches a result.
#include <cstdint>
#include <string_view>
#include <vector>

namespace ilk::kernels {

/// What the loops were compiled for. `avx512` is AVX-512 F, BW, DQ, VL with VNNI; `avx2` has FMA; `neon` is
/// AArch64, `neon_dotprod` with dot products of bytes; `plain` is C++ for every processor.
enum class Target { plain, avx2, avx512, neon, neon_dotprod };
std::string_view name_of(Target target);

/// The two highest of some numbers; the second is −∞ where there is one only.
struct TopTwo {
  float first, second;
};

/// y = x A + bias, or where `add` y += x A + bias, of float32: see matrix_product.h. x (rows, k), A (k,
/// columns) in panels of 16 columns, y (rows, columns).
struct ProductF32 {
  const float* x;
  std::int64_t x_stride, rows, k;
  const float* panels;
  std::int64_t columns;
  const float* bias;  ///< (columns) or null
  float* y;
  std::int64_t y_stride;
  bool add;
};

/// y = x A + bias, or where `add` y += x A + bias, of 16-bit whole numbers with scales: see int16_product.h.
/// Each row of x has an even number of numbers, the last a zero where k is odd; A (k, columns) in panels.
struct ProductI16 {
  static constexpr std::int64_t panel = 16;
  /// So many numbers of a row are summed in 32 bits before the sum becomes a float.
  static constexpr std::int64_t part = 768;

  const std::int16_t* x;
  std::int64_t x_stride;
  const float* x_scales;  ///< (rows)
  std::int64_t rows, k;
  const std::int16_t* panels;
  const float* column_scales;  ///< (columns), and what fills the last panel
  std::int64_t columns;
  const float* bias;  ///< (columns) or null
  float* y;
  std::int64_t y_stride;
  bool add;
};

/// The largest number of a rectified result of 16 bits; the smallest is 0.
constexpr std::int32_t rectified_top = 8191;

/// y = x A + bias, or where `add` y += x A + bias, of 16-bit whole numbers with scales whose sum over a row
/// fits 32 bits; x (rows, k) and A as in ProductI16. Or rectified: whole numbers, at least 0 and at most
/// rectified_top; then columns are a multiple of 16.
struct BoundedProduct {
  const std::int16_t* x;
  std::int64_t x_stride;
  const float* x_scales;  ///< (rows)
  std::int64_t rows, k;
  const std::int16_t* panels;
  const float* column_scales;  ///< (columns), and what fills the last panel
  std::int64_t columns;
  const float* bias;  ///< as column_scales
  float* y;
  std::int64_t y_stride;
  bool add;
  std::int16_t* const* y_rows;  ///< (rows): instead of y where the result is rectified
};

/// Some rows of outputs of a convolution of each channel by itself. Pixels lie side by side, their channels
/// innermost.
struct Depthwise {
  std::int64_t size;           ///< of the window: 3 or 5
  std::int64_t stride;         ///< 1 or 2
  std::int64_t height, width;  ///< of the output
  std::int64_t channels;       ///< a multiple of 16, at least 32
};
/// Rectified at `top`: values above it become it, those below 0 become 0.
struct DepthwiseF32 : Depthwise {
  const float* const*
      rows;  ///< ((height − 1) · stride + size), each of at least (width − 1) · stride + size pixels
  const float* weights;  ///< (size · size, channels)
  const float* bias;     ///< (channels)
  float top;
  float* output;  ///< (height, width, channels)
};
/// As DepthwiseF32, in whole numbers; rectified as BoundedProduct. A sum must fit 32 bits.
struct DepthwiseI16 : Depthwise {
  const std::int16_t* const* rows;
  const std::int16_t* weights;
  const float* scales;  ///< (channels)
  const float* bias;    ///< (channels), in units of the output
  std::int16_t* output;
};

/// How large the numbers of a row are, less an origin.
struct RowSpread {
  /// Of so many numbers in turn, those at even and those at odd pairs are a part each.
  static constexpr std::int64_t part = 64;

  float largest;  ///< size of a number
  float longest;  ///< length of a part
  float square;   ///< squared length of all
};

/// out[q · stride + j] = left scale · right scale · (left row · right row) + bias, for some left rows and the
/// right rows of some tiles or of a strip: see quantised_rows.h, which lays them out. Sums are exact and what
/// is done with them is fused: the same bits on every processor.
struct ByteProduct {
  static constexpr std::int64_t tile = 16;   ///< right rows
  static constexpr std::int64_t chunk = 64;  ///< bytes of a row, whose width is a multiple of it
  static constexpr std::int64_t most_in_strip = 12;

  const std::uint8_t* left;
  std::int64_t width;  ///< bytes of a row
  const float* left_scales;
  const std::int32_t* left_rows;  ///< (n_left): which rows of the left side
  const std::int32_t* out_rows;   ///< (n_left): q of each; null: 0 … n_left − 1
  std::int64_t n_left;
  const std::uint8_t* right;  ///< the first tile, or the strip
  std::int64_t columns;       ///< right rows: whole tiles, or as many as the strip has
  const float* right_scales;  ///< of these and up to a whole tile, as all that follows
  const float* bias;
  const std::int32_t* corrections;        ///< of 8 bits: what the 128 of the left side add, negated
  const std::int16_t* chunk_corrections;  ///< the same of each sum of 16 bits, which are modulo 2^16
  float* out;
  std::int64_t stride;
};

/// The sums of what pushes points begin … end − 1 off those that each draws at random, `drawn` of them: with
/// d = x − x', 2 d / ((0.001 + |d|²) (1 + |d|²)), each of whose numbers is `most` in size at most. Point i
/// draws by the words of Philox 4×32-10 with the counters (i, epoch, 0 … drawn / 4 − 1, 2).
struct Repulsion {
  static constexpr std::uint32_t drawn = 16;
  static constexpr float most = 4;

  const float* at;  ///< (n, 2), all points
  std::uint64_t n;  ///< below 2^31
  std::int64_t begin, end;
  std::uint32_t epoch;
  std::uint32_t key[2];
  float* push;  ///< (end − begin, 2)
};

/// The highest of some preferences, and what they are relative to.
struct Preferences {
  float origin, highest;
};

struct Kernels {
  Target target;

  // dot.h: a · b of n numbers.
  /// In float64: products of float32 are exact, sixteen lanes.
  double (*dot_f64)(const float* a, const float* b, std::int64_t n);
  /// The same of float32 by float64, each product rounded.
  double (*dot_mixed)(const float* a, const double* b, std::int64_t n);
  /// In float32, 32 lanes of fused multiply-adds; how far it may be off: dot_f32_error.
  float (*dot_f32)(const float* a, const float* b, std::int64_t n);
  /// |a − b|² / 2 in float32, 32 lanes.
  float (*half_squared_distance)(const float* a, const float* b, std::int64_t n);

  // sums.h
  /// sums += values or sums −= values in float64, each value first rounded to a multiple of a quantum by
  /// adding and subtracting `rounding` (see Lloyd).
  void (*add_rounded)(double* sums, const float* values, std::int64_t n, double rounding);
  void (*subtract_rounded)(double* sums, const float* values, std::int64_t n, double rounding);
  /// sums += row · weight, the products in float32.
  void (*add_row)(double* sums, const float* row, float weight, std::int64_t n);
  /// sums += weights[0] · row 0 + … + weights[3] · row 3 of four rows one after another; a quadruple is added
  /// up in float32.
  void (*add_four_rows)(double* sums, const float* rows, const float* weights, std::int64_t n);
  /// y += x · factor in float32, fused.
  void (*add_scaled)(float* y, const float* x, float factor, std::int64_t n);
  /// scaled = row · weight.
  void (*scale)(const float* row, float weight, float* scaled, std::int64_t n);
  /// products = row · weight · factors.
  void (*multiply_elements)(const float* row, float weight, const float* factors, float* products,
                            std::int64_t n);
  /// Σ values and Σ values² in float64, sixteen lanes.
  double (*sum)(const float* values, std::int64_t n);
  double (*sum_of_squares)(const float* values, std::int64_t n);

  // search.h
  /// The two highest of n ≥ 1 numbers.
  TopTwo (*top_two)(const float* values, std::int64_t n);
  /// The highest of each `size` numbers in turn, a multiple of 8, of n · size.
  void (*group_tops)(const float* values, std::int64_t n, std::int64_t size, float* tops);
  /// Writes the indices, in order, of the numbers that are not below `threshold` (all where it is NaN);
  /// returns how many. There must be room for n.
  std::int64_t (*not_below)(const float* values, std::int64_t n, float threshold, std::int32_t* indices);
  /// The highest of n ≥ 1 numbers.
  float (*highest)(const float* values, std::int64_t n);

  // bounds.h
  /// Takes costs[i] + cost off each of n ≥ 1 numbers, and a little more so that rounding leaves none too high
  /// above 0; returns the lowest that is left.
  float (*spend)(float* numbers, const float* costs, float cost, std::int64_t n);
  /// distances = halves + half − products, at least 0.
  void (*distances_of)(const float* products, const float* halves, float half, std::int64_t n,
                       float* distances);
  /// gains += lowest − distances where that is positive.
  void (*add_gains)(const float* distances, const float* lowest, std::int64_t n, double* gains);

  // exp.h
  /// preferences = cosines + coarse + fine − origin of n ≥ 1 numbers, rounded as numbers of their size and
  /// not as the cosines and potentials, which are larger where it matters. `coarse` are multiples of
  /// `quantum`, a power of 2 of which 2^22 are at least |coarse| + 1; `fine` are smaller than it. Cosines are
  /// from −1 to 1.
  Preferences (*prefer)(const float* cosines, const float* coarse, const float* fine, float quantum,
                        float* preferences, std::int64_t n);
  /// values = e^x with x = (values − highest) · scale, which is at most 0: within a unit in the last place, 0
  /// below −87.68, about where subnormals begin. Returns their sum in float64, sixteen lanes.
  double (*exponentiate)(float* values, std::int64_t n, float highest, float scale);

  // activations.h, of float32
  /// y += x.
  void (*add)(float* y, const float* x, std::int64_t n);
  /// x · sigmoid(1.702 x) in place.
  void (*quick_gelu)(float* x, std::int64_t n);
  /// x Φ(x) in place, Φ the distribution of the normal law; within 4e-7 of the value, however small.
  void (*gelu)(float* x, std::int64_t n);
  /// Each of `m` rows of `n` scores, times `factor` and, where `bias` (m, n) is not null, plus its row of it,
  /// becomes its softmax, in place. A score may be −∞.
  void (*softmax)(float* scores, std::int64_t stride, std::int64_t m, std::int64_t n, float factor,
                  const float* bias);
  /// Attention of one token to the `length` rows at `places`: for each head the softmax of `factor` times the
  /// query's product with the keys weighs the values. `query` and `mixed` (width), cut into `heads`; `keys`
  /// and `values` have rows of `width`; `scores` has room for heads · length numbers.
  void (*mix_rows)(const float* query, const float* keys, const float* values, std::int64_t width,
                   std::int64_t heads, const std::int64_t* places, std::int64_t length, float factor,
                   float* scores, float* mixed);
  /// y = (x − mean) / √(variance + epsilon) · weight + bias of a row of n numbers, the mean and the variance
  /// in float64. y may be x.
  void (*layer_norm)(const float* x, std::int64_t n, const float* weight, const float* bias, float epsilon,
                     float* y);

  // bfloat16.h
  /// rounded = row · weight as bfloat16, to the nearest, ties to even.
  void (*round_to_bf16)(const float* row, float weight, std::uint16_t* rounded, std::int64_t n);
  /// sums += a row of bfloat16.
  void (*add_bf16)(double* sums, const std::uint16_t* rounded, std::int64_t n);

  // product_f32.h
  void (*multiply_f32)(const ProductF32& product);

  // quantise_i16.h
  /// A row as 16-bit whole numbers (see int16_product.h); returns its scale.
  float (*quantise_i16)(const float* row, std::int64_t k, std::int16_t* numbers);

  // product_i16.h
  void (*multiply_i16)(const ProductI16& product);

  // bounded_i16.h
  /// n rows of k floats as whole numbers of at most rectified_top in size, each with its scale: as
  /// quantise_i16 for a row that is all but 0 or has a number that is NaN or too large.
  void (*quantise_bounded_i16)(const float* rows, std::int64_t n, std::int64_t k, std::int16_t* numbers,
                               float* scales);
  /// values · factor as whole numbers of at most rectified_top in size.
  void (*round_bounded_i16)(const float* values, std::int64_t n, float factor, std::int16_t* numbers);
  void (*multiply_bounded_i16)(const BoundedProduct& product);
  void (*multiply_rectified_i16)(const BoundedProduct& product);

  // depthwise.h
  void (*depthwise_f32)(const DepthwiseF32& rows);
  void (*depthwise_i16)(const DepthwiseI16& rows);
  /// limited = values, but `top` where they are above it and 0 where they are below 0; may be the same.
  void (*limit)(const float* values, std::int64_t n, float top, float* limited);

  // quantise_rows.h, of row − origin (null: row). What is written is filled up with zeros to 32 numbers.
  RowSpread (*spread_of_row)(const float* row, const float* origin, std::int64_t n);
  /// Writes (row − origin) · inverse to the nearest, plus `shift`, and what whole numbers times `scale` miss
  /// of it where `rests` is not null; returns the squared length of that.
  float (*round_row_to_8)(const float* row, const float* origin, std::int64_t n, float scale, float inverse,
                          float shift, std::uint8_t* to, float* rests);
  float (*round_row_to_16)(const float* row, const float* origin, std::int64_t n, float scale, float inverse,
                           std::int16_t* to);

  // byte_product_tiles.h and byte_product_strips.h
  void (*multiply_tiles_of_8)(const ByteProduct& product);
  void (*multiply_tiles_of_16)(const ByteProduct& product);
  void (*multiply_strip_of_16)(const ByteProduct& product);
  /// Of n bytes, a multiple of 64: those on the left without a sign, those on the right with one.
  std::int32_t (*dot_of_8)(const std::uint8_t* left, const std::uint8_t* right, std::int64_t n);
  std::int32_t (*dot_of_16)(const std::int16_t* a, const std::int16_t* b, std::int64_t n);

  // repulsion.h
  void (*repel)(const Repulsion& points);
};

/// The table in use: the best of available_targets(), or the one that the environment's ILK_TARGET names.
const Kernels& kernels();

/// What was compiled in and this processor can run, the best last.
std::vector<Target> available_targets();

/// For tests: makes kernels() that of `target`, which must be available. Not while other threads work.
void use_target(Target target);

/// How far dot_f32, or any float32 product of rows, is from a · b at most, for |a| |b| = 1.
double dot_f32_error(std::int64_t n);

}  // namespace ilk::kernels
