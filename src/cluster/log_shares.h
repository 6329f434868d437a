#pragma once
// Vectors of M float64: potentials g of the words, and logarithms of the shares of all mass that they take.
#include <ilk/matrix.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "kernels/functions.h"

namespace ilk::internal {

inline bool all_finite(std::span<const double> values) {
  for (const double value : values)
    if (!std::isfinite(value)) return false;
  return true;
}

/// Σ of the rows, one after another.
inline std::vector<double> column_sums(MatrixView<const double> rows) {
  std::vector<double> sums(static_cast<std::size_t>(rows.columns()));
  for (std::int64_t i = 0; i < rows.rows(); ++i)
    for (std::int64_t j = 0; j < rows.columns(); ++j) sums[static_cast<std::size_t>(j)] += rows[i][j];
  return sums;
}

/// Takes the mean off.
inline void centre(std::span<double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  for (double& value : values) value -= mean;
}

inline std::vector<double> exponentials(std::span<const double> logarithms) {
  std::vector<double> values;
  values.reserve(logarithms.size());
  for (const double logarithm : logarithms) values.push_back(kernels::exp(logarithm));
  return values;
}

/// Σ e^logarithm of many, relative to the highest.
struct LogSum {
  double highest = -std::numeric_limits<double>::infinity(), sum = 0;
  void add(double logarithm, double count = 1) {
    if (logarithm > highest) sum *= kernels::exp(highest - logarithm), highest = logarithm;
    sum += count * kernels::exp(logarithm - highest);
  }
};

inline double log_of_sum(std::span<const double> logarithms) {
  double highest = logarithms[0], sum = 0;
  for (const double logarithm : logarithms) highest = logarithm > highest ? logarithm : highest;
  for (const double logarithm : logarithms) sum += kernels::exp(logarithm - highest);
  return highest + kernels::log(sum);
}

/// Σ |e^log_shares − wanted|.
inline double distance_from(std::span<const double> wanted, std::span<const double> log_shares) {
  double distance = 0;
  for (std::size_t j = 0; j < wanted.size(); ++j)
    distance += std::fabs(kernels::exp(log_shares[j]) - wanted[j]);
  return distance;
}

/// Sinkhorn's own step, ε (log_target − log_shares).
inline std::vector<double> sinkhorn_step(double epsilon, std::span<const double> log_target,
                                         std::span<const double> log_shares) {
  std::vector<double> step(log_target.size());
  for (std::size_t j = 0; j < step.size(); ++j) step[j] = epsilon * (log_target[j] - log_shares[j]);
  return step;
}

}  // namespace ilk::internal
