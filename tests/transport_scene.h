#pragma once
// Images and words whose transport is known from plain loops in float64.
#include <ilk/matrix.h>
#include <ilk/threads.h>
#include <ilk/transport.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "cluster/cosine_rows.h"
#include "core/random.h"
#include "matrices.h"

using Vector = std::vector<double>;

/// The scenes' own stream of numbers: some of what tests ask is asked of these scenes.
inline ilk::Matrix<float> directions(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  ilk::RandomStream random(seed, "test");
  ilk::Matrix<float> rows(n, d);
  for (float& number : rows.flat()) number = static_cast<float>(random.normal());
  return unit_rows(std::move(rows));
}

/// Images in a few groups, of which the words know most.
struct Scene {
  ilk::Matrix<float> images, words;
  Scene(std::int64_t n, std::int64_t m, std::int64_t d, std::uint64_t seed)
      : images(directions(n, d, seed + 1)), words(directions(m, d, seed + 2)) {
    const auto groups = directions(6, d, seed);
    ilk::RandomStream random(seed, "scene");
    const auto add_groups = [&](ilk::Matrix<float>& rows, float part, std::int64_t n_groups) {
      for (std::int64_t i = 0; i < rows.rows(); ++i) {
        const float* group = groups[random.below(n_groups)];
        for (std::int64_t j = 0; j < d; ++j) rows[i][j] = part * rows[i][j] + group[j];
      }
      rows = unit_rows(std::move(rows));
    };
    add_groups(images, 0.7f, 6);
    add_groups(words, 0.9f, 5);
  }
};

/// Cosines in float64.
inline ilk::Matrix<double> cosines(const ilk::Matrix<float>& images, const ilk::Matrix<float>& words) {
  ilk::Matrix<double> result(images.rows(), words.rows());
  for (std::int64_t i = 0; i < images.rows(); ++i)
    for (std::int64_t j = 0; j < words.rows(); ++j)
      for (std::int64_t k = 0; k < words.columns(); ++k)
        result[i][j] += static_cast<double>(images[i][k]) * words[j][k];
  return result;
}

/// Rows of the plan, each scaled to sum 1, whole and in float64.
inline ilk::Matrix<double> slow_shares(const ilk::Matrix<float>& images, const ilk::Matrix<float>& words,
                                       const ilk::RowPlan& plan) {
  auto shares = cosines(images, words);
  for (std::int64_t i = 0; i < shares.rows(); ++i) {
    const auto row = shares.row(i);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = (row[j] + plan.column_potentials[j]) / plan.epsilon;
    const double highest = *std::max_element(row.begin(), row.end());
    for (double& one : row) one = std::exp(one - highest);
    const double sum = std::accumulate(row.begin(), row.end(), 0.0);
    for (double& one : row) one /= sum;
  }
  return shares;
}

inline Vector row_sums(const ilk::Matrix<double>& matrix) {
  Vector sums;
  for (std::int64_t i = 0; i < matrix.rows(); ++i)
    sums.push_back(std::accumulate(matrix.row(i).begin(), matrix.row(i).end(), 0.0));
  return sums;
}

inline Vector column_sums(const ilk::Matrix<double>& matrix) {
  return row_sums(ilk::transposed(matrix));
}

inline ilk::RowPlan plan_of(const ilk::Transport& transport) {
  return {transport.column_potentials, transport.epsilon};
}

inline ilk::RowPlan even_plan(std::int64_t n_words, double epsilon) {
  return {Vector(static_cast<std::size_t>(n_words)), epsilon};
}

/// The largest |a − b|; infinite where they differ in number.
template <class A, class B>
double furthest(const A& a, const B& b) {
  if (std::size(a) != std::size(b)) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < std::size(a); ++i) {
    const double difference = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

inline std::int64_t differences(const ilk::Matrix<std::int64_t>& a, const ilk::Matrix<std::int64_t>& b) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) count += a.data()[i] != b.data()[i] ? 1 : 0;
  return count;
}

/// Many passes over little data are quickest without other threads.
struct OneThread {
  OneThread() { ilk::set_threads(1); }
  ~OneThread() { ilk::set_threads(0); }
};

/// Cosines are kept of so many images only, and blocks have so many.
struct Limits {
  explicit Limits(std::int64_t kept, std::int64_t block = 0, std::int64_t entries = 0) {
    ilk::internal::cosine_limits().most_kept_images = kept;
    ilk::internal::cosine_limits().most_entries = entries;
    ilk::internal::cosine_limits().images_per_block = block;
  }
  ~Limits() { ilk::internal::cosine_limits() = {}; }
};
