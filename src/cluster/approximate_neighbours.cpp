// B rows of the base, Q queries, D dimensions, k neighbours.
#include <ilk/approximate_neighbours.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/parallel.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <mutex>
#include <vector>

#include "blocks.h"
#include "row_loops.h"
#include "top_rows.h"

#if ILK_WITH_HNSWLIB
// Its vector instructions are for distances, and ours is our own; its prefetches read past lists.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>
#endif

namespace ilk {
namespace {

constexpr std::string_view function = "ApproximateNeighbours";

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

float distance(const void* a, const void* b, const void* dimensions) {
  return 1 - internal::near_dot(row_at(a), row_at(b), *static_cast<const std::int64_t*>(dimensions));
}

class RowSpace : public hnswlib::SpaceInterface<float> {
 public:
  explicit RowSpace(std::int64_t dimensions) : dimensions_(dimensions) {}
  size_t get_data_size() override { return sizeof(RowPointer); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return distance; }
  void* get_dist_func_param() override { return &dimensions_; }

 private:
  std::int64_t dimensions_;
};

}  // namespace

struct ApproximateNeighbours::Graphs {
  using Graph = hnswlib::HierarchicalNSW<float>;

  Graphs(torch::Tensor rows, const Options& options, Progress& progress)
      : base(std::move(rows)), options(options), space(base.size(1)) {
    const std::int64_t b = base.size(0), per_graph = options.rows_per_graph;
    parts.resize(static_cast<std::size_t>(internal::block_count(b, per_graph)));
    parallel_blocks(b, per_graph, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
      auto graph = std::make_unique<Graph>(&space, end - begin, options.links, options.build_list);
      for (std::int64_t row = begin; row < end; ++row) {
        const RowPointer place = at(row);
        graph->addPoint(&place, static_cast<hnswlib::labeltype>(row));
        if ((row - begin) % 1024 == 1023 || row + 1 == end) {
          progress.check_stop();
          progress.advance((row - begin) % 1024 + 1);
        }
      }
      parts[static_cast<std::size_t>(index)] = std::move(graph);
    });
  }

  RowPointer at(std::int64_t row) const { return base.data_ptr<float>() + row * base.size(1); }

  Neighbours search(const torch::Tensor& queries, std::int64_t k) const {
    const std::int64_t q = queries.size(0), d = base.size(1);
    const std::int64_t list =
        options.search_list > 0 ? options.search_list : std::max<std::int64_t>(128, 4 * k);
    const std::lock_guard one_list_at_a_time(searching);
    for (const auto& graph : parts) graph->setEf(static_cast<std::size_t>(std::max(list, k)));
    Neighbours result{torch::full({q, k}, -1, torch::kInt64),
                      torch::full({q, k}, -std::numeric_limits<float>::infinity(), queries.options())};
    parallel_blocks(q, 64, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      for (std::int64_t i = begin; i < end; ++i) {
        const RowPointer query = queries.data_ptr<float>() + i * d;
        internal::TopList best(result.cosines.data_ptr<float>() + i * k,
                               result.indices.data_ptr<std::int64_t>() + i * k, k);
        for (const auto& graph : parts)
          for (auto found = graph->searchKnn(&query, static_cast<std::size_t>(k)); !found.empty();
               found.pop()) {
            const auto row = static_cast<std::int64_t>(found.top().second);
            best.offer(static_cast<float>(internal::exact_dot(query, at(row), d)), row);
          }
      }
    });
    // Where a walk ends in a part of the graph with fewer than k rows, all rows are looked at.
    const auto missing = result.indices.select(1, k - 1).lt(0).nonzero().flatten();
    if (missing.size(0) > 0) {
      const Neighbours exact = nearest_neighbours(queries.index_select(0, missing), base, k);
      result.indices.index_copy_(0, missing, exact.indices);
      result.cosines.index_copy_(0, missing, exact.cosines);
    }
    return result;
  }

  torch::Tensor base;
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
  Graphs(const torch::Tensor&, const Options&, Progress&) {
    fail(function, "approximate search needs hnswlib, which this ilk was built without; use exact.");
  }
  Neighbours search(const torch::Tensor&, std::int64_t) const { return {}; }
  torch::Tensor base;
};

bool ApproximateNeighbours::built_in() {
  return false;
}

#endif

ApproximateNeighbours::ApproximateNeighbours(const torch::Tensor& base, Progress& progress)
    : ApproximateNeighbours(base, Options(), progress) {}

ApproximateNeighbours::ApproximateNeighbours(const torch::Tensor& base, const Options& options,
                                             Progress& progress) {
  require_unit_rows(base, function, "base");
  require(base.is_cpu(), function, "base must be on the CPU, got ", base.device(), ".");
  require(options.rows_per_graph >= 1 && options.links >= 2 && options.build_list >= 1 &&
              options.search_list >= 0,
          function, "rows_per_graph and build_list must be at least 1, links 2, search_list 0, got ",
          options.rows_per_graph, ", ", options.build_list, ", ", options.links, " and ", options.search_list,
          ".");
  graphs_ = std::make_unique<Graphs>(internal::plain_rows(base), options, progress);
}

ApproximateNeighbours::~ApproximateNeighbours() = default;

Neighbours ApproximateNeighbours::search(const torch::Tensor& queries, std::int64_t k) const {
  require_unit_rows(queries, function, "queries");
  const torch::Tensor& base = graphs_->base;
  require(queries.size(1) == base.size(1), function, "queries must be as wide as the base (", base.size(1),
          "), got ", queries.size(1), ".");
  require(queries.is_cpu(), function, "queries must be on the CPU, got ", queries.device(), ".");
  require(k >= 1 && k <= base.size(0), function, "k must be between 1 and the rows of the base (",
          base.size(0), "), got ", k, ".");
  return graphs_->search(internal::plain_rows(queries), k);
}

double ApproximateNeighbours::recall(std::int64_t k, std::int64_t sample) const {
  const torch::Tensor& base = graphs_->base;
  const std::int64_t b = base.size(0), count = std::clamp<std::int64_t>(sample, 1, b);
  const auto rows = base.index_select(0, (torch::arange(count) * b).div(count, "floor"));
  const auto truth = nearest_neighbours(rows, base, k), found = search(rows, k);
  // As near as the k-th of the truth is as good: among copies of a row there is no telling which are nearer.
  const auto last = truth.cosines.slice(1, k - 1, k);
  return (found.cosines >= last).to(torch::kFloat64).mean().item<double>();
}

}  // namespace ilk
