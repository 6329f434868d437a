#include <ilk/error.h>
#include <ilk/metrics.h>

#include <limits>

namespace ilk {

// The Hungarian method by shortest augmenting paths with potentials (Kuhn 1955; Jonker and Volgenant 1987),
// O(R² C) for R ≤ C. Rows are taken up one by one; each looks for the cheapest chain of swaps that gives it a
// column.
std::vector<std::int64_t> linear_assignment(const torch::Tensor& scores) {
  constexpr std::string_view function = "linear_assignment";
  require(scores.dim() == 2 && scores.scalar_type() == torch::kFloat64, function,
          "scores must be a (rows, columns) float64 matrix, got ", scores.dim(), " dimensions of ",
          scores.scalar_type(), ".");
  require(scores.isfinite().all().item<bool>(), function, "scores must be finite, got NaN or infinity.");
  const bool transposed = scores.size(0) > scores.size(1);
  const torch::Tensor costs = (transposed ? scores.t() : scores).neg().contiguous();
  const auto cost = costs.accessor<double, 2>();
  const std::int64_t rows = costs.size(0), columns = costs.size(1);

  // Rows and columns count from 1; column 0 is where the row that is being taken up stands.
  std::vector<double> row_potential(rows + 1, 0.0), column_potential(columns + 1, 0.0);
  std::vector<std::int64_t> row_of(columns + 1, 0), came_from(columns + 1, 0);
  for (std::int64_t row = 1; row <= rows; ++row) {
    std::vector<double> distance(columns + 1, std::numeric_limits<double>::infinity());
    std::vector<char> visited(columns + 1, 0);
    row_of[0] = row;
    std::int64_t column = 0;
    do {
      visited[column] = 1;
      const std::int64_t current = row_of[column];
      double least = std::numeric_limits<double>::infinity();
      std::int64_t next = 0;
      for (std::int64_t j = 1; j <= columns; ++j) {
        if (visited[j]) continue;
        const double reduced = cost[current - 1][j - 1] - row_potential[current] - column_potential[j];
        if (reduced < distance[j]) {
          distance[j] = reduced;
          came_from[j] = column;
        }
        if (distance[j] < least) {
          least = distance[j];
          next = j;
        }
      }
      for (std::int64_t j = 0; j <= columns; ++j) {
        if (visited[j]) {
          row_potential[row_of[j]] += least;
          column_potential[j] -= least;
        } else {
          distance[j] -= least;
        }
      }
      column = next;
    } while (row_of[column] != 0);
    for (; column != 0; column = came_from[column]) row_of[column] = row_of[came_from[column]];
  }

  std::vector<std::int64_t> result(static_cast<std::size_t>(scores.size(0)), -1);
  for (std::int64_t j = 1; j <= columns; ++j) {
    if (row_of[j] == 0) continue;
    if (transposed)
      result[static_cast<std::size_t>(j - 1)] = row_of[j] - 1;
    else
      result[static_cast<std::size_t>(row_of[j] - 1)] = j - 1;
  }
  return result;
}

}  // namespace ilk
