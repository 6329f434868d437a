#include <ilk/kmeans.h>

#include <algorithm>
#include <cmath>

#include "cluster/distributed_transport.h"
#include "cluster/log_shares.h"
#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/parallel.h"
#include "core/random.h"
#include "kernels/matrix_product.h"

namespace ilk {
namespace {

// Enough for half a percent; a covariance of all would cost as much as half a pass of the transport.
constexpr std::int64_t most_rows = 16384, least_rows_per_block = 1024;
// For the products of all blocks.
constexpr std::int64_t most_bytes = 32 << 20;

/// Covariance of the rows, (D, D); where there are many, of some of them.
Matrix<double> covariance(MatrixView<const float> rows) {
  const std::int64_t n = std::min(rows.rows(), most_rows), d = rows.columns();
  const std::int64_t most_blocks = std::max<std::int64_t>(1, most_bytes / (4 * d * d));
  const std::int64_t rows_per_block = std::max(least_rows_per_block, block_count(n, most_blocks));
  const std::int64_t blocks = block_count(n, rows_per_block);
  std::vector<Matrix<float>> products(static_cast<std::size_t>(blocks));
  Matrix<double> sums(blocks, d);
  const std::vector<std::int64_t> numbers = similarity_sample(rows.rows());
  parallel_blocks(n, rows_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
    const auto block = rows_of(rows, std::span(numbers).subspan(static_cast<std::size_t>(begin),
                                                                static_cast<std::size_t>(end - begin)));
    auto product = Matrix<float>::uninitialised(d, d);
    multiply(transposed(block), PackedMatrix::of(block), nullptr, product);
    products[static_cast<std::size_t>(index)] = std::move(product);
    for (std::int64_t i = 0; i < block.rows(); ++i)
      for (std::int64_t j = 0; j < d; ++j) sums[index][j] += static_cast<double>(block[i][j]);
  });
  const auto total = static_cast<double>(n);
  const std::vector<double> mean_sums = internal::column_sums(sums.view());
  Matrix<double> result(d, d);
  for (const Matrix<float>& product : products)
    for (std::int64_t i = 0; i < d * d; ++i) result.data()[i] += static_cast<double>(product.data()[i]);
  for (std::int64_t i = 0; i < d; ++i)
    for (std::int64_t j = 0; j < d; ++j)
      result[i][j] = result[i][j] / total - mean_sums[static_cast<std::size_t>(i)] / total *
                                                (mean_sums[static_cast<std::size_t>(j)] / total);
  return result;
}

}  // namespace

std::vector<std::int64_t> similarity_sample(std::int64_t rows) {
  // One of each of n parts of the rows, drawn, so that no order of the rows can deceive.
  const std::int64_t n = std::min(rows, most_rows);
  RandomStream random(0, "similarity spread");
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t begin = i * rows / n, end = (i + 1) * rows / n;
    numbers.push_back(begin + random.below(end - begin));
  }
  return numbers;
}

double similarity_spread(MatrixView<const float> embeddings, MatrixView<const float> words) {
  constexpr auto function = "similarity_spread";
  require_unit_rows(embeddings, function, "embeddings");
  require_unit_rows(words, function, "words");
  require(embeddings.columns() == words.columns(), function, "words must be as wide as the embeddings (",
          embeddings.columns(), "), got ", words.columns(), ".");
  // Σ_ij ((x_i − x̄)·(u_j − ū))² / NM is the product of the two covariances, entry by entry.
  const Matrix<double> images = covariance(embeddings), texts = covariance(words);
  double square = 0;
  for (std::int64_t i = 0; i < images.size(); ++i) square += images.data()[i] * texts.data()[i];
  return std::sqrt(std::max(0.0, square));
}

}  // namespace ilk
