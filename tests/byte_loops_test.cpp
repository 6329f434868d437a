// The loops over rows of bytes (src/kernels/kernels.h, ByteProduct) against sums that are plainly right.
// Numbers are as large as QuantisedRows makes them, and sums exact.
#include <gtest/gtest.h>

#include <cstring>

#include "core/random.h"
#include "kernels/kernels.h"
#include "matrices.h"
#include "targets.h"

namespace {

using ilk::Matrix;
using ilk::kernels::ByteProduct;
using ilk::kernels::kernels;

constexpr std::int64_t tile = ByteProduct::tile;

/// Rows of whole numbers: of 8 bits on the left with 128 added, as loops take them.
struct Rows {
  Rows(std::int64_t n, std::int64_t width, int bits, bool left, std::uint64_t seed)
      : bytes(n, width), numbers(n, width * 8 / bits) {
    ilk::RandomStream random(seed, "rows");
    const std::int64_t count = numbers.columns();
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < count; ++j) {
        // Of 8 bits some rows are at what may be held at once: 32 numbers of a length of at most 170 and 192.
        const std::int64_t top = bits == 16 ? 1000 : i % 3 == 0 ? 30 : 20;
        std::int64_t number = static_cast<std::int64_t>(random.below(2 * top + 1)) - top;
        if (bits == 8 && i % 5 == 4) number = j % 32 == 7 ? (left ? 127 : 64) : 0;
        numbers[i][j] = static_cast<std::int32_t>(number);
        if (bits == 16) {
          const auto stored = static_cast<std::int16_t>(number);
          std::memcpy(bytes[i] + 2 * j, &stored, 2);
        } else {
          bytes[i][j] = static_cast<std::uint8_t>(left ? number + 128 : number);
        }
      }
  }
  Matrix<std::uint8_t> bytes;
  Matrix<std::int32_t> numbers;
};

std::int32_t product_of(const Rows& left, std::int64_t i, const Rows& right, std::int64_t j) {
  std::int32_t sum = 0;
  for (std::int64_t l = 0; l < left.numbers.columns(); ++l) sum += left.numbers[i][l] * right.numbers[j][l];
  return sum;
}

/// The right rows tile after tile, 4 bytes of each after 4 bytes of each.
Matrix<std::uint8_t> in_tiles(const Rows& right) {
  const std::int64_t width = right.bytes.columns();
  Matrix<std::uint8_t> tiles(right.bytes.rows(), width);
  for (std::int64_t j = 0; j < right.bytes.rows(); ++j)
    for (std::int64_t at = 0; at < width; ++at)
      tiles[j / tile * tile][(at / 4 * tile + j % tile) * 4 + at % 4] = right.bytes[j][at];
  return tiles;
}

class ByteLoops : public testing::TestWithParam<int> {};

TEST_P(ByteLoops, TilesAreTheExactSums) {
  const int bits = GetParam();
  for (const std::int64_t width : {64, 192, 512})
    for (const std::int64_t n_left : {1, 3, 4, 5, 9, 17})
      for (const std::int64_t columns : {16, 32, 48}) {
        const Rows left(20, width, bits, true, 1), right(columns, width, bits, false, 2);
        const Matrix<std::uint8_t> tiles = in_tiles(right);
        const std::int64_t chunks = width / ByteProduct::chunk;
        std::vector<std::int32_t> corrections, rows, places;
        std::vector<std::int16_t> chunk_corrections(static_cast<std::size_t>(columns * chunks * 2));
        for (std::int64_t j = 0; j < columns && bits == 8; ++j) {
          std::int32_t total = 0;
          for (std::int64_t at = 0; at < width; ++at) {
            const std::int32_t number = -128 * right.numbers[j][at];
            total += number;
            auto& chunk = chunk_corrections[static_cast<std::size_t>(
                (j / tile * tile * chunks + at / 64 * tile + j % tile) * 2 + at % 4 / 2)];
            chunk = static_cast<std::int16_t>(static_cast<std::uint16_t>(chunk + number));
          }
          corrections.push_back(total);
        }
        std::vector<float> left_scales, right_scales, bias;
        for (std::int64_t i = 0; i < 20; ++i) left_scales.push_back(1 + 0x1p-5f * static_cast<float>(i));
        for (std::int64_t j = 0; j < columns; ++j) {
          right_scales.push_back(1 + 0x1p-4f * static_cast<float>(j));
          bias.push_back(static_cast<float>(j) - 7.5f);
        }
        for (std::int64_t p = 0; p < n_left; ++p) {
          rows.push_back(static_cast<std::int32_t>((p * 7 + 3) % 20));
          places.push_back(static_cast<std::int32_t>(n_left - 1 - p));
        }
        for_each_target([&] {
          Matrix<float> out(n_left, columns);
          const ByteProduct product{.left = left.bytes.data(),
                                    .width = width,
                                    .left_scales = left_scales.data(),
                                    .left_rows = rows.data(),
                                    .out_rows = places.data(),
                                    .n_left = n_left,
                                    .right = tiles.data(),
                                    .columns = columns,
                                    .right_scales = right_scales.data(),
                                    .bias = bias.data(),
                                    .corrections = corrections.data(),
                                    .chunk_corrections = chunk_corrections.data(),
                                    .out = out.data(),
                                    .stride = columns};
          bits == 8 ? kernels().multiply_tiles_of_8(product) : kernels().multiply_tiles_of_16(product);
          for (std::int64_t p = 0; p < n_left; ++p)
            for (std::int64_t j = 0; j < columns; ++j) {
              const std::int64_t i = rows[static_cast<std::size_t>(p)];
              const float factor =
                  right_scales[static_cast<std::size_t>(j)] * left_scales[static_cast<std::size_t>(i)];
              const auto sum = static_cast<float>(product_of(left, i, right, j));
              ASSERT_EQ(out[n_left - 1 - p][j], std::fma(sum, factor, bias[static_cast<std::size_t>(j)]))
                  << width << " " << n_left << " " << columns << ": " << p << " " << j;
            }
        });
      }
}

TEST_P(ByteLoops, ProductsOfTwoRowsAreTheExactSums) {
  const int bits = GetParam();
  for (const std::int64_t width : {64, 128, 192, 1024}) {
    const Rows left(6, width, bits, true, 3), right(6, width, bits, false, 4);
    for_each_target([&] {
      for (std::int64_t i = 0; i < 6; ++i)
        for (std::int64_t j = 0; j < 6; ++j) {
          std::int32_t wanted = product_of(left, i, right, j), found = 0;
          if (bits == 8) {
            // The left side's bytes are 128 larger.
            for (std::int64_t l = 0; l < width; ++l) wanted += 128 * right.numbers[j][l];
            found = kernels().dot_of_8(left.bytes[i], right.bytes[j], width);
          } else {
            found = kernels().dot_of_16(reinterpret_cast<const std::int16_t*>(left.bytes[i]),
                                        reinterpret_cast<const std::int16_t*>(right.bytes[j]), width / 2);
          }
          ASSERT_EQ(found, wanted) << width << ": " << i << " " << j;
        }
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Bits, ByteLoops, testing::Values(8, 16));

TEST(ByteStrips, AreTheExactSums) {
  for (const std::int64_t width : {64, 192, 4096})
    for (std::int64_t columns = 1; columns <= ByteProduct::most_in_strip; ++columns) {
      constexpr std::int64_t n_left = 18;
      const Rows left(n_left, width, 16, true, 5), right(columns, width, 16, false, 6);
      Matrix<std::uint8_t> strip(width / ByteProduct::chunk, columns * ByteProduct::chunk);
      for (std::int64_t j = 0; j < columns; ++j)
        for (std::int64_t at = 0; at < width; ++at) strip[at / 64][j * 64 + at % 64] = right.bytes[j][at];
      std::vector<std::int32_t> rows;
      for (std::int64_t p = 0; p < n_left; ++p) rows.push_back(static_cast<std::int32_t>(n_left - 1 - p));
      const std::vector<float> ones(tile, 1.0f), left_ones(n_left, 1.0f), bias(tile, 0.5f);
      for_each_target([&] {
        Matrix<float> out(n_left, tile);
        kernels().multiply_strip_of_16({.left = left.bytes.data(),
                                        .width = width,
                                        .left_scales = left_ones.data(),
                                        .left_rows = rows.data(),
                                        .out_rows = nullptr,
                                        .n_left = n_left,
                                        .right = strip.data(),
                                        .columns = columns,
                                        .right_scales = ones.data(),
                                        .bias = bias.data(),
                                        .corrections = nullptr,
                                        .chunk_corrections = nullptr,
                                        .out = out.data(),
                                        .stride = tile});
        for (std::int64_t p = 0; p < n_left; ++p)
          for (std::int64_t j = 0; j < columns; ++j)
            ASSERT_EQ(out[p][j], static_cast<float>(product_of(left, n_left - 1 - p, right, j)) + 0.5f)
                << width << " " << columns << ": " << p << " " << j;
      });
    }
}

}  // namespace
