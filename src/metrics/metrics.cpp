// N samples, R classes, C clusters; n_rc samples of class r in cluster c.
#include <ilk/metrics.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/fail.h"
#include "core/matching.h"
#include "kernels/functions.h"

namespace ilk {
namespace {

/// Ascending, each once.
std::vector<std::int64_t> names_of(std::span<const std::int64_t> labels) {
  std::vector<std::int64_t> names(labels.begin(), labels.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::int64_t place_of(std::int64_t label, const std::vector<std::int64_t>& names) {
  return std::lower_bound(names.begin(), names.end(), label) - names.begin();
}

std::vector<std::int64_t> row_sums(const Matrix<std::int64_t>& counts) {
  std::vector<std::int64_t> sums;
  for (std::int64_t r = 0; r < counts.rows(); ++r)
    sums.push_back(std::accumulate(counts[r], counts[r] + counts.columns(), std::int64_t{0}));
  return sums;
}

std::vector<std::int64_t> column_sums(const Matrix<std::int64_t>& counts) {
  return row_sums(transposed(counts));
}

/// Entropy of shares count / total, natural logarithm.
double entropy(const std::vector<std::int64_t>& counts, double total) {
  double sum = 0;
  for (const auto count : counts) {
    const double share = static_cast<double>(count) / total;
    if (count > 0) sum -= share * kernels::log(share);
  }
  return sum;
}

double mutual_information(const Confusion& table, const std::vector<std::int64_t>& rows,
                          const std::vector<std::int64_t>& columns, double total) {
  double sum = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::int64_t* counts = table.counts[static_cast<std::int64_t>(r)];
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto count = static_cast<double>(counts[c]);
      if (count > 0)
        sum += count / total *
               kernels::log(count * total / (static_cast<double>(rows[r]) * static_cast<double>(columns[c])));
    }
  }
  return std::max(0.0, sum);
}

/// The column that each row is matched with, −1 where there is none.
std::vector<std::int64_t> column_of_class(const Confusion& table) {
  std::vector<std::vector<Candidate>> cells(table.classes.size());
  for (std::size_t r = 0; r < cells.size(); ++r) {
    const std::int64_t* counts = table.counts[static_cast<std::int64_t>(r)];
    for (std::int64_t c = 0; c < table.counts.columns(); ++c) {
      if (counts[c] > 0) cells[r].push_back({c, static_cast<double>(counts[c])});
    }
  }
  return best_matching(cells, table.counts.columns());
}

double pairs(std::span<const std::int64_t> counts) {
  double sum = 0;
  for (const auto count : counts) sum += 0.5 * static_cast<double>(count) * static_cast<double>(count - 1);
  return sum;
}

}  // namespace

Confusion confusion(std::span<const std::int64_t> classes, std::span<const std::int64_t> clusters) {
  constexpr auto function = "agreement";
  require(!classes.empty(), function, "classes must hold at least one sample, got none.");
  require(!clusters.empty(), function, "clusters must hold at least one sample, got none.");
  require(classes.size() == clusters.size(), function, "classes and clusters must be of one length, got ",
          classes.size(), " and ", clusters.size(), ".");
  Confusion table{names_of(classes), names_of(clusters), {}};
  table.counts = Matrix<std::int64_t>(static_cast<std::int64_t>(table.classes.size()),
                                      static_cast<std::int64_t>(table.clusters.size()));
  for (std::size_t i = 0; i < classes.size(); ++i)
    ++table.counts[place_of(classes[i], table.classes)][place_of(clusters[i], table.clusters)];
  return table;
}

Agreement agreement(std::span<const std::int64_t> classes, std::span<const std::int64_t> clusters) {
  const Confusion table = confusion(classes, clusters);
  const auto n = static_cast<double>(classes.size());
  const auto rows = row_sums(table.counts), columns = column_sums(table.counts);
  Agreement result;

  const auto column_of = column_of_class(table);
  double matched = 0;
  for (std::size_t r = 0; r < column_of.size(); ++r) {
    if (column_of[r] >= 0)
      matched += static_cast<double>(table.counts[static_cast<std::int64_t>(r)][column_of[r]]);
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
  const double both = pairs(table.counts.flat()), row = pairs(rows), column = pairs(columns);
  const double all = 0.5 * n * (n - 1), expected = all > 0 ? row * column / all : 0,
               most = 0.5 * (row + column);
  result.adjusted_rand_index = most == expected ? 1 : (both - expected) / (most - expected);
  return result;
}

MatchedConfusion match_clusters(const Confusion& table) {
  const auto matched = column_of_class(table);
  const auto columns = column_sums(table.counts);
  std::vector<std::int64_t> order, rest;
  for (const auto column : matched)
    if (column >= 0) order.push_back(column);
  for (std::int64_t c = 0; c < table.counts.columns(); ++c)
    if (std::find(matched.begin(), matched.end(), c) == matched.end()) rest.push_back(c);
  std::stable_sort(rest.begin(), rest.end(), [&](auto a, auto b) {
    return columns[static_cast<std::size_t>(a)] > columns[static_cast<std::size_t>(b)];
  });
  order.insert(order.end(), rest.begin(), rest.end());

  MatchedConfusion result;
  result.table.classes = table.classes;
  for (const auto column : order)
    result.table.clusters.push_back(table.clusters[static_cast<std::size_t>(column)]);
  result.table.counts = transposed(rows_of(transposed(table.counts), order));
  const auto rows = row_sums(table.counts);
  std::int64_t next = 0;
  for (std::size_t r = 0; r < matched.size(); ++r) {
    const bool has = matched[r] >= 0;
    result.column_of_class.push_back(has ? next++ : -1);
    result.recall.push_back(
        has ? static_cast<double>(table.counts[static_cast<std::int64_t>(r)][matched[r]]) /
                  static_cast<double>(rows[r])
            : 0);
  }
  return result;
}

}  // namespace ilk
