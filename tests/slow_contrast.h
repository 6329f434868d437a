#pragma once
// The contrast of docs/methods/sac.md one number at a time, and probabilities to try it on.
#include <ilk/matrix.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/random.h"
#include "matrices.h"
#include "methods/losses.h"

using Row = std::vector<double>;
using Table = std::vector<Row>;  // rows of one view

inline double slow_loss_of_row(const Table& rows, std::size_t i, std::size_t partner, double temperature,
                               bool own) {
  double sum = 0;
  for (std::size_t j = 0; j < rows.size(); ++j)
    if (own || j != i) sum += std::exp(dot(rows[i], rows[j]) / temperature);
  return -std::log(std::exp(dot(rows[i], rows[partner]) / temperature) / sum);
}

inline double slow_contrast(const Table& a, const Table& b, const Row& weights, double temperature,
                            bool own = true) {
  Table rows = a;
  rows.insert(rows.end(), b.begin(), b.end());
  const std::size_t m = a.size();
  double loss = 0, total = 0;
  for (std::size_t i = 0; i < m; ++i) {
    loss += weights[i] / 2 *
            (slow_loss_of_row(rows, i, m + i, temperature, own) +
             slow_loss_of_row(rows, m + i, i, temperature, own));
    total += weights[i];
  }
  return loss / total;
}

inline Table table_of(ilk::MatrixView<const float> rows) {
  Table table;
  for (std::int64_t i = 0; i < rows.rows(); ++i) table.emplace_back(rows.row(i).begin(), rows.row(i).end());
  return table;
}

inline ilk::internal::Views probabilities(std::int64_t views, std::int64_t batch, std::int64_t k,
                                          std::uint64_t seed) {
  ilk::RandomStream random(seed, "test");
  ilk::internal::Views p(views, batch, k);
  for (std::int64_t i = 0; i < views * batch; ++i) {
    Row row(static_cast<std::size_t>(k));
    double sum = 0;
    for (double& number : row) sum += number = std::exp(1.5 * random.normal());
    for (std::size_t j = 0; j < row.size(); ++j) p.rows().row(i)[j] = static_cast<float>(row[j] / sum);
  }
  return p;
}

inline constexpr double fact_tolerance = 3e-6;

inline bool is_finite(const ilk::Matrix<float>& matrix) {
  return std::ranges::all_of(matrix.flat(), [](float number) { return std::isfinite(number); });
}
