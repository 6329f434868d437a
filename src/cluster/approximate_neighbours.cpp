// B rows of the base, Q queries, D dimensions, k neighbours.
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <mutex>
#include <vector>

#include "cluster/top_rows.h"
#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/parallel.h"
#include "kernels/kernels.h"

#if ILK_WITH_HNSWLIB
// Its vector instructions are for distances, and ours is our own; its prefetches read past lists.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>
#endif

namespace ilk {
namespace {

constexpr std::string_view in_approximate_neighbours = "ApproximateNeighbours";

}  // namespace

#if ILK_WITH_HNSWLIB

namespace {

/// What a graph keeps of a row is where it lies.
using RowPointer = const float*;

/// hnswlib keeps it wherever it comes to lie among its links, aligned or not.
RowPointer row_at(const void* place) {
  RowPointer row = nullptr;
  std::memcpy(&row, place, sizeof row);
  return row;
}

/// What distances are measured with: the same loop on every row, and the same bits on every processor.
struct Measure {
  std::int64_t dimensions;
  float (*dot)(const float* a, const float* b, std::int64_t n);
};

float distance(const void* a, const void* b, const void* with) {
  const auto& measure = *static_cast<const Measure*>(with);
  return 1 - measure.dot(row_at(a), row_at(b), measure.dimensions);
}

class RowSpace : public hnswlib::SpaceInterface<float> {
 public:
  explicit RowSpace(std::int64_t dimensions) : measure_{dimensions, kernels::kernels().dot_f32} {}
  size_t get_data_size() override { return sizeof(RowPointer); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return distance; }
  void* get_dist_func_param() override { return &measure_; }

 private:
  Measure measure_;
};

}  // namespace

struct ApproximateNeighbours::Graphs {
  using Graph = hnswlib::HierarchicalNSW<float>;

  Graphs(MatrixView<const float> rows, const Options& options, Progress& progress)
      : base(rows), options(options), space(base.columns()) {
    const std::int64_t b = base.rows(), per_graph = options.rows_per_graph;
    parts.resize(static_cast<std::size_t>(block_count(b, per_graph)));
    parallel_blocks(b, per_graph, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
      auto graph = std::make_unique<Graph>(&space, end - begin, options.links, options.build_list);
      for (std::int64_t row = begin; row < end; ++row) {
        const RowPointer place = base[row];
        graph->addPoint(&place, static_cast<hnswlib::labeltype>(row));
        if ((row - begin) % 1024 == 1023 || row + 1 == end) {
          progress.check_stop();
          progress.advance((row - begin) % 1024 + 1);
        }
      }
      parts[static_cast<std::size_t>(index)] = std::move(graph);
    });
  }

  Neighbours search(MatrixView<const float> queries, std::int64_t k) const {
    const std::int64_t q = queries.rows(), d = base.columns();
    const std::int64_t list = options.search_list.value_or(std::max<std::int64_t>(128, 4 * k));
    const std::lock_guard one_list_at_a_time(searching);
    for (const auto& graph : parts) graph->setEf(static_cast<std::size_t>(std::max(list, k)));
    Neighbours result{Matrix<std::int64_t>::filled(q, k, -1),
                      Matrix<float>::filled(q, k, -std::numeric_limits<float>::infinity())};
    parallel_blocks(q, 64, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      for (std::int64_t i = begin; i < end; ++i) {
        const RowPointer query = queries[i];
        internal::TopList best(result.cosines[i], result.indices[i], k);
        for (const auto& graph : parts)
          for (auto found = graph->searchKnn(&query, static_cast<std::size_t>(k)); !found.empty();
               found.pop()) {
            const auto row = static_cast<std::int64_t>(found.top().second);
            best.offer(static_cast<float>(kernels::kernels().dot_f64(query, base[row], d)), row);
          }
      }
    });
    // Where a walk ends in a part of the graph with fewer than k rows, all rows are looked at.
    std::vector<std::int64_t> missing;
    for (std::int64_t i = 0; i < q; ++i)
      if (result.indices[i][k - 1] < 0) missing.push_back(i);
    if (missing.empty()) return result;
    const Neighbours exact = nearest_neighbours(rows_of(queries, missing), base, k);
    for (std::size_t i = 0; i < missing.size(); ++i) {
      std::ranges::copy(exact.indices.row(static_cast<std::int64_t>(i)), result.indices[missing[i]]);
      std::ranges::copy(exact.cosines.row(static_cast<std::int64_t>(i)), result.cosines[missing[i]]);
    }
    return result;
  }

  MatrixView<const float> base;
  Options options;
  RowSpace space;
  std::vector<std::unique_ptr<Graph>> parts;
  mutable std::mutex searching;
};

bool ApproximateNeighbours::built_in() {
  return true;
}

#else

struct ApproximateNeighbours::Graphs {
  Graphs(MatrixView<const float>, const Options&, Progress&) {
    fail(in_approximate_neighbours,
         "approximate search needs hnswlib, which this ilk was built without; use exact.");
  }
  Neighbours search(MatrixView<const float>, std::int64_t) const { return {}; }
  MatrixView<const float> base;
};

bool ApproximateNeighbours::built_in() {
  return false;
}

#endif

ApproximateNeighbours::ApproximateNeighbours(MatrixView<const float> base, Progress& progress)
    : ApproximateNeighbours(base, Options(), progress) {}

ApproximateNeighbours::ApproximateNeighbours(MatrixView<const float> base, const Options& options,
                                             Progress& progress) {
  require_unit_rows(base, in_approximate_neighbours, "base");
  require(options.rows_per_graph >= 1 && options.links >= 2 && options.build_list >= 1 &&
              options.search_list.value_or(1) >= 1,
          in_approximate_neighbours,
          "rows_per_graph, build_list and search_list must be at least 1, links 2, got ",
          options.rows_per_graph, ", ", options.build_list, ", ", options.search_list.value_or(1), " and ",
          options.links, ".");
  graphs_ = std::make_unique<Graphs>(base, options, progress);
}

ApproximateNeighbours::~ApproximateNeighbours() = default;

Neighbours ApproximateNeighbours::search(MatrixView<const float> queries, std::int64_t k) const {
  require_unit_rows(queries, in_approximate_neighbours, "queries");
  const MatrixView<const float> base = graphs_->base;
  require(queries.columns() == base.columns(), in_approximate_neighbours,
          "queries must be as wide as the base (", base.columns(), "), got ", queries.columns(), ".");
  require(k >= 1 && k <= base.rows(), in_approximate_neighbours,
          "k must be between 1 and the rows of the base (", base.rows(), "), got ", k, ".");
  return graphs_->search(queries, k);
}

double ApproximateNeighbours::recall(std::int64_t k, std::int64_t sample) const {
  const MatrixView<const float> base = graphs_->base;
  const std::int64_t b = base.rows(), count = std::clamp<std::int64_t>(sample, 1, b);
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(i * b / count);
  const auto rows = rows_of(base, numbers);
  const auto truth = nearest_neighbours(rows, base, k), found = search(rows, k);
  // As near as the k-th of the truth is as good: among copies of a row there is no telling which are nearer.
  std::int64_t good = 0;
  for (std::int64_t i = 0; i < count; ++i)
    good += std::ranges::count_if(found.cosines.row(i),
                                  [&](float cosine) { return cosine >= truth.cosines[i][k - 1]; });
  return static_cast<double>(good) / static_cast<double>(count * k);
}

Neighbours neighbours_within(MatrixView<const float> rows, std::int64_t k, Progress& progress) {
  k = std::min(k, rows.rows());
  if (rows.rows() > most_for_exact_neighbours && ApproximateNeighbours::built_in())
    return ApproximateNeighbours(rows, progress).search(rows, k);
  return nearest_neighbours(rows, rows, k);
}

}  // namespace ilk
