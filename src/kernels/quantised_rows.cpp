// D dimensions. A step is 4 bytes of each row, which is 4 coordinates of 8 bits or 2 of 16; a chunk is 16
// steps, whose products go into the same 16-bit sums where there are such: two sums of 32 coordinates for
// each pair of rows.
#include "kernels/quantised_rows.h"

#include <algorithm>
#include <cmath>

namespace ilk {
namespace {

using kernels::ByteProduct;

constexpr std::int64_t step = 4, chunk = ByteProduct::chunk, tile = QuantisedRows::tile;
constexpr float offset = 128;

struct Limits {
  float byte, length;  // of a coordinate, and of the coordinates of one sum
};
// 255 · 64 · 2 < 2^15, so that a pair of products never saturates.
constexpr Limits left_limits{127, 192}, right_limits{64, 170}, wide_limits{32000, 46000};
// A rest is half a step at most: 125 and 63 of these, so that the same holds of it.
constexpr float left_rests_per_step = 250, right_rests_per_step = 126;

std::int64_t width_of(int bits, std::int64_t dimensions) {
  return (dimensions * (bits / 8) + chunk - 1) / chunk * chunk;
}

std::int32_t total_of(const std::uint8_t* bytes, std::int64_t n) {
  std::int32_t total = 0;
  for (std::int64_t i = 0; i < n; ++i) total += static_cast<std::int8_t>(bytes[i]);
  return total;
}

/// Few rows beyond the last whole tile are multiplied one by one.
std::int64_t count_in_strip(QuantisedRows::Side side, int bits, std::int64_t rows) {
  return side == QuantisedRows::Side::right && bits == 16 && rows % tile <= ByteProduct::most_in_strip
             ? rows % tile
             : 0;
}

}  // namespace

QuantisedRows::QuantisedRows(Side side, int bits, std::int64_t rows, std::int64_t dimensions, bool rests)
    : side_(side),
      bits_(bits),
      rows_(rows),
      dimensions_(dimensions),
      width_(width_of(bits, dimensions)),
      first_strip_(rows - count_in_strip(side, bits, rows)),
      in_strip_(rows - first_strip_),
      strip_(Matrix<std::uint8_t>::uninitialised(in_strip_, width_)),
      scales_(static_cast<std::size_t>(side == Side::left ? rows : padded(rows))),
      errors_(scales_.size()),
      lengths_(scales_.size()) {
  if (rests) rest_errors_.resize(scales_.size());
  if (side == Side::left) {
    bytes_ = Matrix<std::uint8_t>::uninitialised(rows, width_);
    if (rests) rests_ = Matrix<std::uint8_t>::uninitialised(rows, width_);
    return;
  }
  bytes_ = Matrix<std::uint8_t>(padded(rows), width_);
  if (rests) rests_ = Matrix<std::uint8_t>(padded(rows), 2 * width_);
  if (bits == 16) return;
  corrections_.resize(scales_.size());
  chunk_corrections_.resize(scales_.size() * static_cast<std::size_t>(width_ / chunk) * 2);
  if (rests) rest_corrections_.resize(scales_.size());
}

float QuantisedRows::half_square(std::int64_t i) const {
  const auto* row = reinterpret_cast<const std::int16_t*>(bytes_[i]);
  const float scale = scales_[static_cast<std::size_t>(i)];
  return scale * scale * static_cast<float>(kernels::kernels().dot_of_16(row, row, width_ / 2)) * 0.5f;
}

std::int64_t QuantisedRows::memory(int bits, std::int64_t rows, std::int64_t dimensions, bool rests) {
  constexpr auto number = static_cast<std::int64_t>(sizeof(float));
  return rows * (width_of(bits, dimensions) * (rests ? 2 : 1) + (rests ? 4 : 3) * number);
}

void QuantisedRows::set(std::int64_t i, const float* row, const float* origin) {
  const kernels::Kernels& loops = kernels::kernels();
  const bool is_left = side_ == Side::left;
  const Limits& limits = bits_ == 16 ? wide_limits : is_left ? left_limits : right_limits;
  const kernels::RowSpread spread = loops.spread_of_row(row, origin, dimensions_);
  // Rounding lengthens a row, or the 32 coordinates of one sum, by half the root of their number at most.
  const float longest = bits_ == 16 ? std::sqrt(spread.square) : spread.longest;
  const float lengthened =
      bits_ == 16 ? 0.51f * std::sqrt(static_cast<float>(dimensions_)) : 0.51f * std::sqrt(32.0f);
  const float room = std::max(0.0f, limits.length - lengthened);
  const float inverse =
      longest > 0 ? std::min(0.999f * limits.byte / spread.largest, 0.999f * room / longest) : 0;
  const bool usable = inverse > 0 && std::isfinite(inverse) && std::isfinite(spread.square);
  const float scale = usable ? 1 / inverse : 0, factor = usable ? inverse : 0;
  // Of this thread, so that rows that are set one after another need no memory of their own.
  thread_local std::vector<std::uint8_t> for_tile;
  thread_local std::vector<float> rest;
  if (has_rests()) rest.resize(static_cast<std::size_t>(width_));
  if (!is_left) for_tile.assign(static_cast<std::size_t>(width_), 0);
  std::uint8_t* bytes = is_left ? bytes_[i] : for_tile.data();
  if (is_left) std::fill(bytes + width_ - chunk, bytes + width_, std::uint8_t{0});
  const float missed =
      bits_ == 16 ? loops.round_row_to_16(row, origin, dimensions_, scale, factor,
                                          reinterpret_cast<std::int16_t*>(bytes))
                  : loops.round_row_to_8(row, origin, dimensions_, scale, factor, is_left ? offset : 0, bytes,
                                         has_rests() ? rest.data() : nullptr);
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

void QuantisedRows::set_tile(std::int64_t i, const std::uint8_t* bytes) {
  std::uint8_t* to = bytes_[i / tile * tile] + i % tile * step;
  for (std::int64_t at = 0; at < width_; at += step) std::copy_n(bytes + at, step, to + at * tile);
  if (i >= first_strip_)
    for (std::int64_t at = 0; at < width_; at += chunk)
      std::copy_n(bytes + at, chunk, strip_.data() + at * in_strip_ + (i - first_strip_) * chunk);
  if (bits_ == 16) return;
  std::int16_t* correction = chunk_corrections_.data() + (i / tile * tile * (width_ / chunk) + i % tile) * 2;
  std::int32_t total = 0;
  for (std::int64_t begin = 0; begin < width_; begin += chunk, correction += 2 * tile) {
    std::int32_t totals[2] = {};
    for (std::int64_t j = begin; j < begin + chunk; j += step)
      for (int sum = 0; sum < 2; ++sum) totals[sum] += total_of(bytes + j + 2 * sum, 2);
    for (int sum = 0; sum < 2; ++sum)
      correction[sum] = static_cast<std::int16_t>(static_cast<std::uint16_t>(-128 * totals[sum]));
    total += totals[0] + totals[1];
  }
  corrections_[static_cast<std::size_t>(i)] = -128 * total;
}

float QuantisedRows::keep_rest(std::int64_t i, const std::uint8_t* bytes, const float* rest, float scale,
                               float inverse) {
  const bool is_left = side_ == Side::left;
  const float per_step = is_left ? left_rests_per_step : right_rests_per_step;
  std::uint8_t* to = rests_[i];
  if (is_left) {
    std::fill(to + width_ - chunk, to + width_, std::uint8_t{0});
  } else {
    std::copy_n(bytes, width_, to);
    to += width_;
  }
  const float missed = kernels::kernels().round_row_to_8(
      rest, nullptr, dimensions_, scale / per_step, inverse * per_step, is_left ? offset : 0, to, nullptr);
  if (!is_left) rest_corrections_[static_cast<std::size_t>(i)] = -128 * total_of(to, width_);
  return missed;
}

void byte_products(const QuantisedRows& left, const std::int32_t* left_rows, const std::int32_t* out_rows,
                   std::int64_t n_left, const QuantisedRows& right, std::int64_t first_right,
                   std::int64_t n_right, const float* bias, float* out, std::int64_t stride) {
  if (n_left == 0) return;
  const kernels::Kernels& loops = kernels::kernels();
  const bool with_strip =
      right.in_strip_ > 0 && first_right <= right.first_strip_ && first_right + n_right >= right.rows_;
  const auto product_from = [&](std::int64_t first, std::int64_t columns) {
    const std::int64_t chunks = right.width_ / chunk;
    return ByteProduct{
        .left = left.bytes_.data(),
        .width = left.width_,
        .left_scales = left.scales_.data(),
        .left_rows = left_rows,
        .out_rows = out_rows,
        .n_left = n_left,
        .right = right.bytes_[first],
        .columns = columns,
        .right_scales = right.scales_.data() + first,
        .bias = bias + first,
        .corrections = right.corrections_.data() + (right.bits_ == 8 ? first : 0),
        .chunk_corrections = right.chunk_corrections_.data() + (right.bits_ == 8 ? first * chunks * 2 : 0),
        .out = out + first - first_right,
        .stride = stride};
  };
  const std::int64_t in_tiles = with_strip ? right.first_strip_ - first_right : n_right;
  const ByteProduct of_tiles = product_from(first_right, in_tiles);
  right.bits_ == 8 ? loops.multiply_tiles_of_8(of_tiles) : loops.multiply_tiles_of_16(of_tiles);
  if (!with_strip) return;
  ByteProduct of_strip = product_from(right.first_strip_, right.in_strip_);
  of_strip.right = right.strip_.data();
  loops.multiply_strip_of_16(of_strip);
}

float rest_product(const QuantisedRows& left, std::int64_t i, const QuantisedRows& right, std::int64_t j) {
  const kernels::Kernels& loops = kernels::kernels();
  const std::int64_t width = left.width_;
  const auto left_place = static_cast<std::size_t>(i), right_place = static_cast<std::size_t>(j);
  const std::uint8_t *bytes = right.rests_[j], *rest = bytes + width;
  const std::int32_t of_left_rest =
      loops.dot_of_8(left.rests_[i], bytes, width) + right.corrections_[right_place];
  const std::int32_t of_right_rest =
      loops.dot_of_8(left.bytes_[i], rest, width) + right.rest_corrections_[right_place];
  return left.scales_[left_place] * right.scales_[right_place] *
         (static_cast<float>(of_left_rest) / left_rests_per_step +
          static_cast<float>(of_right_rest) / right_rests_per_step);
}

double rest_product_error(double left_error, double left_rest_error, double left_length, double right_error,
                          double right_rest_error, double right_length) {
  return 1.001 * ((left_error + left_rest_error) * (right_error + right_rest_error) +
                  left_rest_error * right_length + (left_length + left_rest_error) * right_rest_error);
}

}  // namespace ilk
