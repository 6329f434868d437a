#pragma once
// D dimensions. A row r is written as scale · bytes + error, where the length of the error is known.
#include <ilk/matrix.h>

#include <cstdint>
#include <vector>

#include "kernels/kernels.h"

namespace ilk {

/// Rows quantised to 8 or 16 bits, for approximate products at a third or half of the work. Rows of the left
/// side are multiplied with rows of the right side; the two sides are held differently.
///
/// Some processors sum products of 8 bits in 16 bits, modulo 2^16. Scales are chosen so that what such a sum
/// holds in the end fits: the coordinates that go into one 16-bit number have a length of at most 192 on the
/// left side and 170 on the right, and 192 · 170 < 2^15 (Cauchy and Schwarz). Products of 16 bits are summed
/// in 32 bits; there, rows have a length of at most 46000, whose square is below 2^31. So what rows become,
/// and their products, are the same to the bit on every processor.
///
/// With `rests`, for 8 bits, what the bytes miss is held in bytes too, for better products of single pairs.
class QuantisedRows {
 public:
  enum class Side { left, right };
  /// The rows of a right side are held in tiles of so many.
  static constexpr std::int64_t tile = kernels::ByteProduct::tile;
  static std::int64_t padded(std::int64_t n) { return (n + tile - 1) / tile * tile; }

  /// A right side is filled up with zeros to whole tiles.
  QuantisedRows(Side side, int bits, std::int64_t rows, std::int64_t dimensions, bool rests = false);

  /// Row i becomes row − origin (null: row), which must be finite. Different rows may be set at once.
  void set(std::int64_t i, const float* row, const float* origin);

  /// Without those that fill up a right side.
  std::int64_t rows() const { return rows_; }
  bool has_rests() const { return !rest_errors_.empty(); }
  /// At least the length of the difference between row i and what is held of it, without its rest and with
  /// it.
  float error(std::int64_t i) const { return errors_[static_cast<std::size_t>(i)]; }
  float rest_error(std::int64_t i) const { return rest_errors_[static_cast<std::size_t>(i)]; }
  /// At least the length of row i and of what is held of it.
  float length(std::int64_t i) const { return lengths_[static_cast<std::size_t>(i)]; }

  /// Half the squared length of what is held of row i: of a left side of 16 bits. With byte_products without
  /// a bias it gives distances that are 0 between copies.
  float half_square(std::int64_t i) const;

  /// Bytes that `rows` rows of a left side take.
  static std::int64_t memory(int bits, std::int64_t rows, std::int64_t dimensions, bool rests = false);

 private:
  friend void byte_products(const QuantisedRows&, const std::int32_t*, const std::int32_t*, std::int64_t,
                            const QuantisedRows&, std::int64_t, std::int64_t, const float*, float*,
                            std::int64_t);
  friend float rest_product(const QuantisedRows&, std::int64_t, const QuantisedRows&, std::int64_t);
  void set_tile(std::int64_t i, const std::uint8_t* bytes);
  float keep_rest(std::int64_t i, const std::uint8_t* bytes, const float* rest, float scale, float inverse);

  Side side_;
  int bits_;
  std::int64_t rows_, dimensions_, width_;  // width: bytes of D in whole chunks
  // Right side of 16 bits: the last rows once more where they are few, (width / 64, rows, 64).
  std::int64_t first_strip_, in_strip_;
  Matrix<std::uint8_t> strip_;
  // Left side: (rows, width), 8 bits plus 128. Right side: (rows / 16, width / 4, 16, 4), tile by tile.
  Matrix<std::uint8_t> bytes_;
  // (rows, width), 8 bits plus 128, on the left side; (rows, 2 width) on the right, the bytes first.
  Matrix<std::uint8_t> rests_;
  std::vector<float> scales_, errors_, lengths_, rest_errors_;
  // Right side of 8 bits, what the 128 add, negated: to the products of a row, to those of its rest, and to
  // each 16-bit sum of a chunk, modulo 2^16: (rows / 16, chunks, 16, 2).
  std::vector<std::int32_t> corrections_, rest_corrections_;
  std::vector<std::int16_t> chunk_corrections_;
};

/// out[q · stride + j] = scale · scale · (bytes · bytes) + bias for p < n_left and j < n_right: row
/// left_rows[p] of `left` with row first_right + j of `right`; q is out_rows[p], or p where that is null.
/// `bias` has a number for each row of `right` and what fills it up; first_right and n_right are multiples of
/// QuantisedRows::tile.
void byte_products(const QuantisedRows& left, const std::int32_t* left_rows, const std::int32_t* out_rows,
                   std::int64_t n_left, const QuantisedRows& right, std::int64_t first_right,
                   std::int64_t n_right, const float* bias, float* out, std::int64_t stride);

/// What the rests add to the product of row i of `left` and row j of `right`, both with rests: with
/// x = p + p' + e and c = q + q' + f, of which p', q' are the rests, p·q' + p'·q.
float rest_product(const QuantisedRows& left, std::int64_t i, const QuantisedRows& right, std::int64_t j);
/// How far p·q + p·q' + p'·q is from x·c at most: p'·q' + e·c + (p + p')·f, from bounds on lengths.
double rest_product_error(double left_error, double left_rest_error, double left_length, double right_error,
                          double right_rest_error, double right_length);

}  // namespace ilk
