#pragma once
// The k nearest rows of each row, exact and approximate. Q queries, B rows of the base, D dimensions.
#include <ilk/matrix.h>
#include <ilk/progress.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace ilk {

struct Neighbours {
  Matrix<std::int64_t> indices;  ///< (Q, k) rows of the base, nearest first, ties to the lower index
  Matrix<float> cosines;         ///< (Q, k)
};

/// Exact k rows of `base` (B, D) with the highest cosine for each row of `queries` (Q, D), both float32 with
/// rows of unit length, in blocks: nothing of size Q × B is held. Throws Error unless 1 ≤ k ≤ B and the
/// widths agree.
Neighbours nearest_neighbours(MatrixView<const float> queries, MatrixView<const float> base, std::int64_t k);

/// How neighbours are searched where either way would do; automatic is approximate above
/// most_for_exact_neighbours rows where it is built in.
enum class NeighbourSearch { automatic, exact, approximate };
constexpr auto enum_names(NeighbourSearch) {
  return std::array<std::string_view, 3>{"auto", "exact", "approximate"};
}
constexpr std::int64_t most_for_exact_neighbours = 200'000;

/// Neighbours that are nearly always the nearest ones, by walking graphs (HNSW: Malkov and Yashunin 2018; the
/// library hnswlib). Rows are cut into fixed parts with a graph each, which are built side by side, each by
/// one thread in the order of its rows: so the same rows give the same neighbours, whatever the number of
/// threads. The rows themselves are not copied; a graph takes about 250 bytes a row.
class ApproximateNeighbours {
 public:
  struct Options {
    std::int64_t rows_per_graph = std::int64_t{1} << 17;
    std::int64_t links = 24;                  ///< HNSW's M
    std::int64_t build_list = 160;            ///< HNSW's efConstruction
    std::optional<std::int64_t> search_list;  ///< HNSW's ef; else 4 k, at least 128
  };

  /// Whether this ilk was built with hnswlib.
  static bool built_in();

  /// `base` (B, D) float32 with rows of unit length, which must stay where it is. Throws Error
  /// for other rows, and where hnswlib was not built in; Stopped on request.
  explicit ApproximateNeighbours(MatrixView<const float> base, Progress& progress = silent());
  ApproximateNeighbours(MatrixView<const float> base, const Options& options, Progress& progress = silent());
  ~ApproximateNeighbours();
  ApproximateNeighbours(const ApproximateNeighbours&) = delete;
  ApproximateNeighbours& operator=(const ApproximateNeighbours&) = delete;

  /// As nearest_neighbours of this base: k for each query, best first by their exact cosines, ties to the
  /// lower index. Throws Error as it does.
  Neighbours search(MatrixView<const float> queries, std::int64_t k) const;

  /// Share of the true k nearest among those found, over `sample` rows of the base spread evenly.
  double recall(std::int64_t k, std::int64_t sample) const;

 private:
  struct Graphs;
  std::unique_ptr<Graphs> graphs_;
};

/// The k nearest of each row among all rows, itself among them: exact up to most_for_exact_neighbours rows,
/// then approximate where that is built in. `rows` as above; throws Error unless 1 ≤ k.
Neighbours neighbours_within(MatrixView<const float> rows, std::int64_t k, Progress& progress = silent());

}  // namespace ilk
