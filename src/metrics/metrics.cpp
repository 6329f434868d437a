// N samples, R classes, C clusters; n_rc samples of class r in cluster c.
#include <ilk/error.h>
#include <ilk/matching.h>
#include <ilk/metrics.h>

#include <algorithm>
#include <cmath>

namespace ilk {
namespace {

void require_labels(const torch::Tensor& labels, std::string_view what) {
  require(labels.dim() == 1 && labels.scalar_type() == torch::kInt64, "agreement", what,
          " must be a vector of int64, got ", labels.dim(), " dimensions of ", labels.scalar_type(), ".");
  require(labels.size(0) >= 1, "agreement", what, " must hold at least one sample, got none.");
}

std::vector<std::int64_t> values(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.to(torch::kInt64).contiguous();
  return {flat.data_ptr<std::int64_t>(), flat.data_ptr<std::int64_t>() + flat.numel()};
}

/// Entropy of shares count / total, natural logarithm.
double entropy(const std::vector<std::int64_t>& counts, double total) {
  double sum = 0;
  for (const auto count : counts) {
    if (count > 0) sum -= count / total * std::log(count / total);
  }
  return sum;
}

double mutual_information(const Confusion& table, const std::vector<std::int64_t>& rows,
                          const std::vector<std::int64_t>& columns, double total) {
  const auto counts = table.counts.accessor<std::int64_t, 2>();
  double sum = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto count = static_cast<double>(counts[r][c]);
      if (count > 0)
        sum += count / total * std::log(count * total / (static_cast<double>(rows[r]) * columns[c]));
    }
  }
  return std::max(0.0, sum);
}

/// The column that each row is matched with, −1 where there is none.
std::vector<std::int64_t> column_of_class(const Confusion& table) {
  const auto counts = table.counts.accessor<std::int64_t, 2>();
  std::vector<std::vector<Candidate>> cells(table.classes.size());
  for (std::size_t r = 0; r < cells.size(); ++r) {
    for (std::int64_t c = 0; c < table.counts.size(1); ++c) {
      if (counts[r][c] > 0) cells[r].push_back({c, static_cast<double>(counts[r][c])});
    }
  }
  return best_matching(cells, table.counts.size(1));
}

double pairs(const std::vector<std::int64_t>& counts) {
  double sum = 0;
  for (const auto count : counts) sum += 0.5 * static_cast<double>(count) * static_cast<double>(count - 1);
  return sum;
}

}  // namespace

Confusion confusion(const torch::Tensor& classes, const torch::Tensor& clusters) {
  require_labels(classes, "classes");
  require_labels(clusters, "clusters");
  require(classes.size(0) == clusters.size(0), "agreement",
          "classes and clusters must be of one length, got ", classes.size(0), " and ", clusters.size(0),
          ".");
  const auto numbered = [](const torch::Tensor& labels) { return at::_unique(labels.cpu(), true, true); };
  const auto [class_names, class_index] = numbered(classes);
  const auto [cluster_names, cluster_index] = numbered(clusters);
  const std::int64_t n_clusters = cluster_names.size(0);
  const torch::Tensor cells = class_index * n_clusters + cluster_index;
  return {values(class_names), values(cluster_names),
          torch::bincount(cells, {}, class_names.size(0) * n_clusters).view({-1, n_clusters})};
}

Agreement agreement(const torch::Tensor& classes, const torch::Tensor& clusters) {
  const Confusion table = confusion(classes, clusters);
  const auto n = static_cast<double>(classes.size(0));
  const auto rows = values(table.counts.sum(1)), columns = values(table.counts.sum(0));
  Agreement result;

  const auto counts = table.counts.accessor<std::int64_t, 2>();
  const auto column_of = column_of_class(table);
  double matched = 0;
  for (std::size_t r = 0; r < column_of.size(); ++r) {
    if (column_of[r] >= 0) matched += static_cast<double>(counts[r][column_of[r]]);
  }
  result.accuracy = matched / n;

  // One class and one cluster agree wholly, although neither has any information to share.
  if (rows.size() == 1 && columns.size() == 1) {
    result.normalised_mutual_information = 1;
  } else {
    const double mean = 0.5 * (entropy(rows, n) + entropy(columns, n));
    const double shared = mutual_information(table, rows, columns, n);
    // Below rounding there is nothing shared; so says scikit-learn too.
    result.normalised_mutual_information =
        shared <= std::numeric_limits<double>::epsilon() ? 0 : shared / mean;
  }

  // Pairs of samples that both sides put together (both), that one side does (row, column), and all.
  const double both = pairs(values(table.counts.view(-1))), row = pairs(rows), column = pairs(columns);
  const double all = 0.5 * n * (n - 1), expected = all > 0 ? row * column / all : 0,
               most = 0.5 * (row + column);
  result.adjusted_rand_index = most == expected ? 1 : (both - expected) / (most - expected);
  return result;
}

MatchedConfusion match_clusters(const Confusion& table) {
  const auto matched = column_of_class(table);
  const auto columns = values(table.counts.sum(0));
  std::vector<std::int64_t> order, rest;
  for (const auto column : matched)
    if (column >= 0) order.push_back(column);
  for (std::int64_t c = 0; c < table.counts.size(1); ++c)
    if (std::find(matched.begin(), matched.end(), c) == matched.end()) rest.push_back(c);
  std::stable_sort(rest.begin(), rest.end(), [&](auto a, auto b) {
    return columns[static_cast<std::size_t>(a)] > columns[static_cast<std::size_t>(b)];
  });
  order.insert(order.end(), rest.begin(), rest.end());

  MatchedConfusion result;
  result.table.classes = table.classes;
  for (const auto column : order)
    result.table.clusters.push_back(table.clusters[static_cast<std::size_t>(column)]);
  result.table.counts = table.counts.index_select(1, torch::tensor(order, torch::kInt64));
  const auto rows = values(table.counts.sum(1));
  const auto counts = table.counts.accessor<std::int64_t, 2>();
  std::int64_t next = 0;
  for (std::size_t r = 0; r < matched.size(); ++r) {
    const bool has = matched[r] >= 0;
    result.column_of_class.push_back(has ? next++ : -1);
    result.recall.push_back(has ? static_cast<double>(counts[r][matched[r]]) / static_cast<double>(rows[r])
                                : 0);
  }
  return result;
}

}  // namespace ilk
