#pragma once
// D dimensions. A row r is written as scale · bytes + error, where the length of the error is known.
#include <cstdint>
#include <memory>
#include <vector>

namespace ilk::internal {

/// Whether this processor multiplies rows of bytes faster than rows of floats (AVX2).
bool has_byte_products();

/// Tests set this to go the way of processors without byte products.
inline bool& without_byte_products() {
  static bool on = false;
  return on;
}

/// Rows in 8 or 16 bits, for products that are nearly right at a third or half of the work. Rows of the left
/// side are multiplied with rows of the right side; the two sides are held differently.
///
/// Products of 8 bits are summed in 16 bits, modulo 2^16. Scales are chosen so that what such a sum holds in
/// the end fits: the coordinates that go into one 16-bit number have a length of at most 192 on the left side
/// and 170 on the right, and 192 · 170 < 2^15 (Cauchy and Schwarz). Products of 16 bits are summed in 32
/// bits; there, rows have a length of at most 46000, whose square is below 2^31.
class ByteRows {
 public:
  enum class Side { left, right };

  ByteRows(Side side, int bits, std::int64_t rows, std::int64_t dimensions);

  /// Row i becomes row − origin (null: row), which must be finite. Different rows may be set at once.
  void set(std::int64_t i, const float* row, const float* origin);

  std::int64_t rows() const { return static_cast<std::int64_t>(scales_.size()); }
  float scale(std::int64_t i) const { return scales_[static_cast<std::size_t>(i)]; }
  const float* scales() const { return scales_.data(); }
  /// At least the length of the difference between row i and what is held of it.
  float error(std::int64_t i) const { return errors_[static_cast<std::size_t>(i)]; }
  /// At least the length of row i and of what is held of it.
  float length(std::int64_t i) const { return lengths_[static_cast<std::size_t>(i)]; }

  /// Bytes that `rows` rows take.
  static std::int64_t memory(int bits, std::int64_t rows, std::int64_t dimensions);

 private:
  friend void byte_products(const ByteRows&, const std::int32_t*, std::int64_t, const ByteRows&, std::int64_t,
                            std::int64_t, const float*, float*, std::int64_t);
  Side side_;
  int bits_;
  std::int64_t dimensions_, width_;  // width: bytes of D in whole groups of 32 coordinates
  struct Free {
    void operator()(std::uint8_t* bytes) const;
  };
  std::unique_ptr<std::uint8_t[], Free> bytes_;  // (rows, width), 8 bits plus 128 on the left side
  std::vector<float> scales_, errors_, lengths_;
  std::vector<std::int16_t> corrections_;  // right side: what the 128 add to each 16-bit sum, negated
};

/// Rows of the right side are worked on four at a time; a right side has a multiple of four rows.
inline constexpr std::int64_t byte_rows_at_once = 4;

/// out[p · stride + j] = scale · scale · (bytes · bytes) + bias for p < n_left and j < n_right: row
/// left_rows[p] of `left` with row first_right + j of `right`. `bias` has a number for each row of `right`;
/// first_right and n_right are multiples of four. Needs has_byte_products().
void byte_products(const ByteRows& left, const std::int32_t* left_rows, std::int64_t n_left,
                   const ByteRows& right, std::int64_t first_right, std::int64_t n_right, const float* bias,
                   float* out, std::int64_t stride);

}  // namespace ilk::internal
