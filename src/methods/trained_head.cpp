// N images, K clusters.
#include "methods/trained_head.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/parallel.h"
#include "kernels/kernels.h"

namespace ilk {

NamedArrayViews HeadWeights::named(const std::string& prefix) const {
  NamedArrayViews all;
  const auto add = [&](const char* name, const auto& numbers) {
    if (!numbers.empty()) all.emplace_back(prefix + name, ArrayView(numbers));
  };
  add("map", map);
  add("weight1", weight1);
  add("norm_weight", norm_weight);
  add("norm_bias", norm_bias);
  add("running_mean", running_mean);
  add("running_variance", running_variance);
  add("weight2", weight2);
  add("bias2", bias2);
  return all;
}

Assignment predict(const HeadWeights& head, MatrixView<const float> features) {
  constexpr auto function = "predict";
  require_unit_rows(features, function, "features");
  const std::int64_t width = (head.map.empty() ? head.weight1 : head.map).columns();
  require(features.columns() == width, function, "features must be as wide as those of the training (", width,
          "), got ", features.columns(), ".");
  const auto n = static_cast<std::size_t>(features.rows());
  const std::int64_t k = head.weight2.rows();
  const internal::TrainedHead trained(head);
  Assignment result{std::vector<std::int64_t>(n), std::vector<float>(n), std::vector<std::int64_t>(n, -1),
                    std::vector<float>(n, -1)};
  constexpr std::int64_t rows_per_block = 1024;
  parallel_blocks(features.rows(), rows_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    const Matrix<float> probabilities = trained.probabilities(features.rows_between(begin, end));
    for (std::int64_t i = begin; i < end; ++i) {
      const float* p = probabilities[i - begin];
      std::int64_t best = 0, second = -1;
      for (std::int64_t c = 1; c < k; ++c) {
        if (p[c] > p[best])
          second = std::exchange(best, c);
        else if (second < 0 || p[c] > p[second])
          second = c;
      }
      const auto row = static_cast<std::size_t>(i);
      result.labels[row] = best;
      result.scores[row] = p[best];
      if (k == 1) continue;
      result.second_labels[row] = second;
      result.second_scores[row] = p[second];
    }
  });
  return result;
}

namespace internal {

void softmax(float* numbers, std::int64_t n) {
  const auto& loops = kernels::kernels();
  if (!std::isfinite(loops.sum(numbers, n)))
    return void(std::fill_n(numbers, n, std::numeric_limits<float>::quiet_NaN()));
  const double sum = loops.exponentiate(numbers, n, loops.highest(numbers, n), 1);
  const auto scale = static_cast<float>(1 / sum);
  for (std::int64_t j = 0; j < n; ++j) numbers[j] *= scale;
}

TrainedHead::TrainedHead(const HeadWeights& weights)
    : weight1_(PackedMatrix::of_transpose(weights.weight1)),
      weight2_(PackedMatrix::of_transpose(weights.weight2)),
      mean_(weights.running_mean),
      norm_bias_(weights.norm_bias),
      bias2_(weights.bias2) {
  if (!weights.map.empty()) map_ = PackedMatrix::of_transpose(weights.map);
  for (std::size_t j = 0; j < mean_.size(); ++j) {
    const double variance = static_cast<double>(weights.running_variance[j]) + norm_epsilon;
    scale_.push_back(static_cast<float>(static_cast<double>(weights.norm_weight[j]) / std::sqrt(variance)));
  }
}

void TrainedHead::probabilities(MatrixView<const float> features, MatrixView<float> result) const {
  const std::int64_t rows = features.rows(), width = weight1_.columns();
  Matrix<float> mapped;
  if (!map_.empty()) {
    mapped = Matrix<float>::uninitialised(rows, map_.columns());
    multiply(features, map_, nullptr, mapped);
    features = mapped;
  }
  auto hidden = Matrix<float>::uninitialised(rows, width);
  multiply(features, weight1_, nullptr, hidden);
  const float *mean = mean_.data(), *scale = scale_.data(), *bias = norm_bias_.data();
  for (std::int64_t i = 0; i < rows; ++i) {
    float* row = hidden[i];
    for (std::int64_t j = 0; j < width; ++j) {
      const float value = (row[j] - mean[j]) * scale[j] + bias[j];
      row[j] = value < 0 ? 0 : value;
    }
  }
  multiply(hidden, weight2_, bias2_.data(), result);
  for (std::int64_t i = 0; i < rows; ++i) softmax(result[i], n_clusters());
}

Matrix<float> TrainedHead::probabilities(MatrixView<const float> features) const {
  auto result = Matrix<float>::uninitialised(features.rows(), n_clusters());
  probabilities(features, result);
  return result;
}

}  // namespace internal
}  // namespace ilk
