// The choices and numbers below were made on pictures with two independent labels (docs/results/criteria.md).
#include "cluster/criterion_space.h"

#include <ilk/kmeans.h>

#include <algorithm>
#include <cmath>

#include "cluster/cluster_order.h"
#include "cluster/principal_directions.h"
#include "core/fail.h"
#include "core/parallel.h"

namespace ilk {
namespace {

constexpr std::int64_t most_directions = 8, followed_more = 12;
constexpr double least_alignment = 1.2;
constexpr float weight = 0.5F;  // of the words' directions, beside all of the image
constexpr std::int64_t rows_per_spread = 256;

double dot(const float* a, const float* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t j = 0; j < n; ++j) sum += static_cast<double>(a[j]) * static_cast<double>(b[j]);
  return sum;
}

/// Means of rows with equal labels, (K, D); columns in blocks, rows in order.
Matrix<float> means_of(MatrixView<const float> rows, std::span<const std::int64_t> labels,
                       std::int64_t n_clusters) {
  Matrix<float> means(n_clusters, rows.columns());
  const std::vector<std::int64_t> sizes = internal::cluster_sizes(labels, n_clusters);
  parallel_blocks(rows.columns(), 64, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    Matrix<double> sums(n_clusters, end - begin);
    for (std::int64_t i = 0; i < rows.rows(); ++i)
      for (std::int64_t j = begin; j < end; ++j)
        sums[labels[static_cast<std::size_t>(i)]][j - begin] += static_cast<double>(rows[i][j]);
    for (std::int64_t c = 0; c < n_clusters; ++c)
      for (std::int64_t j = begin; j < end; ++j)
        means[c][j] = static_cast<float>(
            sums[c][j - begin] / std::max(1.0, static_cast<double>(sizes[static_cast<std::size_t>(c)])));
  });
  return means;
}

/// Squared lengths of the rows, whole and along the directions, summed.
struct Spread {
  double all = 0, along = 0;
  double share() const { return all > 0 ? along / all : 0; }
};

void add(Spread& spread, const float* row, const Matrix<float>& directions, double times) {
  spread.all += times * dot(row, row, directions.columns());
  for (std::int64_t r = 0; r < directions.rows(); ++r) {
    const double part = dot(row, directions[r], directions.columns());
    spread.along += times * part * part;
  }
}

void subtract(const float* from, const float* what, float* to, std::int64_t n) {
  for (std::int64_t j = 0; j < n; ++j) to[j] = from[j] - what[j];
}

/// How the directions' share of the variance between the clusters compares with that within them.
double alignment_of(MatrixView<const float> embeddings, std::span<const std::int64_t> labels,
                    const Matrix<float>& of_clusters, const Matrix<float>& of_all,
                    const Matrix<float>& directions) {
  const std::int64_t n = embeddings.rows(), d = embeddings.columns();
  std::vector<Spread> within(static_cast<std::size_t>(block_count(n, rows_per_spread)));
  parallel_blocks(n, rows_per_spread, [&](std::int64_t begin, std::int64_t end, std::int64_t block) {
    std::vector<float> rest(static_cast<std::size_t>(d));
    for (std::int64_t i = begin; i < end; ++i) {
      subtract(embeddings[i], of_clusters[labels[static_cast<std::size_t>(i)]], rest.data(), d);
      add(within[static_cast<std::size_t>(block)], rest.data(), directions, 1);
    }
  });
  Spread all_within, between;
  for (const Spread& one : within) all_within.all += one.all, all_within.along += one.along;
  const std::vector<std::int64_t> sizes = internal::cluster_sizes(labels, of_clusters.rows());
  std::vector<float> rest(static_cast<std::size_t>(d));
  for (std::int64_t c = 0; c < of_clusters.rows(); ++c) {
    subtract(of_clusters[c], of_all[0], rest.data(), d);
    add(between, rest.data(), directions, static_cast<double>(sizes[static_cast<std::size_t>(c)]));
  }
  return all_within.share() > 0 ? between.share() / all_within.share() : 0;
}

Matrix<float> unit_rows(const Matrix<float>& rows) {
  Matrix<float> units(rows.rows(), rows.columns());
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    const double length = std::sqrt(dot(rows[i], rows[i], rows.columns()));
    for (std::int64_t j = 0; j < rows.columns() && length > 0; ++j)
      units[i][j] = static_cast<float>(static_cast<double>(rows[i][j]) / length);
    if (length == 0) units[i][0] = 1;  // an empty cluster: no image is near it
  }
  return units;
}

}  // namespace

CriterionSpace criterion_space(MatrixView<const float> embeddings, std::span<const std::int64_t> labels,
                               std::int64_t n_clusters, MatrixView<const float> words) {
  constexpr std::string_view function = "criterion_space";
  require(std::ssize(labels) == embeddings.rows(), function, "labels must be one for each of the ",
          embeddings.rows(), " images, got ", labels.size(), ".");
  require(words.rows() >= 2 && words.columns() == embeddings.columns(), function,
          "words must be of shape (2 or more, ", embeddings.columns(), "), got (", words.rows(), ", ",
          words.columns(), ").");
  const std::int64_t count = std::min(most_directions, words.rows() - 1);
  const auto principal = principal_directions(words, count + followed_more);
  CriterionSpace space{.directions = Matrix<float>(count, words.columns())};
  for (std::int64_t r = 0; r < count; ++r)
    for (std::int64_t j = 0; j < words.columns(); ++j)
      space.directions[r][j] = static_cast<float>(principal.directions[r][j]);

  Matrix<float> of_clusters = means_of(embeddings, labels, n_clusters);
  Matrix<float> of_all =
      means_of(embeddings, std::vector<std::int64_t>(static_cast<std::size_t>(embeddings.rows())), 1);
  space.alignment = alignment_of(embeddings, labels, of_clusters, of_all, space.directions);
  space.within_clusters = space.alignment < least_alignment;
  space.centres = std::move(space.within_clusters ? of_clusters : of_all);
  return space;
}

Matrix<float> without_centres(MatrixView<const float> embeddings, const CriterionSpace& space) {
  const std::int64_t d = embeddings.columns();
  const Assignment nearest = assign_to_nearest(embeddings, unit_rows(space.centres));
  Matrix<float> rest(embeddings.rows(), d);
  parallel_blocks(
      embeddings.rows(), rows_per_spread, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
        for (std::int64_t i = begin; i < end; ++i) {
          subtract(embeddings[i], space.centres[nearest.labels[static_cast<std::size_t>(i)]], rest[i], d);
          const double length = std::sqrt(dot(rest[i], rest[i], d));
          if (length < 1e-6)
            std::copy_n(embeddings[i], d, rest[i]);
          else
            for (float& value : rest.row(i)) value = static_cast<float>(static_cast<double>(value) / length);
        }
      });
  return rest;
}

Matrix<float> criterion_features(MatrixView<const float> rest, const CriterionSpace& space) {
  const std::int64_t d = rest.columns(), r = space.directions.rows();
  require(space.directions.columns() == d, "criterion_features", "images must be of width ",
          space.directions.columns(), ", got ", d, ".");
  Matrix<float> features(rest.rows(), d + r);
  parallel_blocks(rest.rows(), rows_per_spread, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i) {
      float* to = features[i];
      std::copy_n(rest[i], d, to);
      for (std::int64_t k = 0; k < r; ++k)
        to[d + k] = static_cast<float>(dot(rest[i], space.directions[k], d));
      const double length = std::sqrt(dot(to + d, to + d, r));
      for (std::int64_t k = 0; k < r; ++k)
        to[d + k] = length > 0 ? static_cast<float>(static_cast<double>(weight * to[d + k]) / length) : 0;
      const double whole = std::sqrt(dot(to, to, d + r));
      for (std::int64_t j = 0; j < d + r; ++j) to[j] = static_cast<float>(static_cast<double>(to[j]) / whole);
    }
  });
  return features;
}

}  // namespace ilk
