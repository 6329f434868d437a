#include "cluster/neighbour_graph.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/parallel.h"
#include "core/scalar_functions.h"

namespace ilk::internal {
namespace {

constexpr std::int64_t points_per_graph_block = 1024;
constexpr int bisections = 40;

using Edge = std::pair<std::int32_t, float>;  // target, weight

/// Distances become weights that sum to `wanted`.
void weigh(std::vector<Edge>& edges, double wanted) {
  double rho = 0, mean = 0;
  for (const auto& [target, distance] : edges) {
    mean += static_cast<double>(distance) / static_cast<double>(edges.size());
    if (distance > 0 && (rho == 0 || static_cast<double>(distance) < rho))
      rho = static_cast<double>(distance);
  }
  const auto weight = [&](float distance, double sigma) {
    const double beyond = static_cast<double>(distance) - rho;
    return beyond <= 0 ? 1.0 : kernels::exp(-beyond / sigma);
  };
  // A σ of nothing would leave edges without weight where all are equally far.
  const double least = std::max(1e-3 * mean, 1e-12);
  double low = 0, high = 0, sigma = std::max(mean, least);
  for (int i = 0; i < bisections; ++i) {
    double sum = 0;
    for (const auto& [target, distance] : edges) sum += weight(distance, sigma);
    if (sum > wanted) {
      high = sigma;
      sigma = (low + high) / 2;
    } else {
      low = sigma;
      sigma = high == 0 ? 2 * sigma : (low + high) / 2;
    }
  }
  sigma = std::max(sigma, least);
  for (auto& [target, value] : edges) value = static_cast<float>(weight(value, sigma));
}

/// Of each point, its k edges in ascending order of the targets.
std::vector<Edge> directed_edges(const Neighbours& nearest, std::int64_t k) {
  const std::int64_t n = nearest.indices.rows();
  std::vector<Edge> edges(static_cast<std::size_t>(n * k));
  const double wanted = kernels::log(static_cast<double>(std::max<std::int64_t>(k, 2))) / kernels::log(2.0);
  parallel_blocks(n, points_per_graph_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    std::vector<Edge> own;
    for (std::int64_t i = begin; i < end; ++i) {
      own.clear();
      for (std::int64_t j = 0; j < nearest.indices.columns() && std::ssize(own) < k; ++j)
        if (nearest.indices[i][j] != i)
          own.emplace_back(static_cast<std::int32_t>(nearest.indices[i][j]),
                           std::max(0.0f, 1 - nearest.cosines[i][j]));
      weigh(own, wanted);
      std::sort(own.begin(), own.end());
      std::copy(own.begin(), own.end(), edges.begin() + i * k);
    }
  });
  return edges;
}

/// Edges by target: for each its sources, ascending.
struct Reversed {
  std::vector<std::int64_t> begins;
  std::vector<Edge> edges;  // source, weight
};

Reversed reverse(const std::vector<Edge>& edges, std::int64_t n, std::int64_t k) {
  Reversed reversed{std::vector<std::int64_t>(static_cast<std::size_t>(n) + 1),
                    std::vector<Edge>(edges.size())};
  for (const auto& edge : edges) ++reversed.begins[static_cast<std::size_t>(edge.first) + 1];
  for (std::size_t i = 1; i < reversed.begins.size(); ++i) reversed.begins[i] += reversed.begins[i - 1];
  std::vector<std::int64_t> next(reversed.begins.begin(), reversed.begins.end() - 1);
  for (std::size_t e = 0; e < edges.size(); ++e) {
    const auto place = static_cast<std::size_t>(next[static_cast<std::size_t>(edges[e].first)]++);
    reversed.edges[place] = {static_cast<std::int32_t>(static_cast<std::int64_t>(e) / k), edges[e].second};
  }
  return reversed;
}

/// Calls take(target, weight) for each edge of a point in both lists or one.
template <class Take>
void join(std::span<const Edge> out, std::span<const Edge> in, Take&& take) {
  std::size_t a = 0, b = 0;
  while (a < out.size() || b < in.size()) {
    if (b == in.size() || (a < out.size() && out[a].first < in[b].first)) {
      take(out[a].first, out[a].second);
      ++a;
    } else if (a == out.size() || in[b].first < out[a].first) {
      take(in[b].first, in[b].second);
      ++b;
    } else {
      take(out[a].first, out[a].second + in[b].second - out[a].second * in[b].second);
      ++a, ++b;
    }
  }
}

}  // namespace

NeighbourGraph neighbour_graph(const Neighbours& nearest, std::int64_t k) {
  const std::int64_t n = nearest.indices.rows();
  const std::vector<Edge> edges = directed_edges(nearest, k);
  const Reversed reversed = reverse(edges, n, k);
  NeighbourGraph graph{.begins = std::vector<std::int64_t>(static_cast<std::size_t>(n) + 1)};
  const auto of = [&](std::int64_t i, auto&& take) {
    const std::int64_t first = reversed.begins[static_cast<std::size_t>(i)],
                       last = reversed.begins[static_cast<std::size_t>(i) + 1];
    join(std::span(edges).subspan(static_cast<std::size_t>(i * k), static_cast<std::size_t>(k)),
         std::span(reversed.edges)
             .subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first)),
         take);
  };
  for (std::int64_t i = 0; i < n; ++i) {
    std::int64_t count = 0;
    of(i, [&](std::int32_t, float) { ++count; });
    graph.begins[static_cast<std::size_t>(i) + 1] = graph.begins[static_cast<std::size_t>(i)] + count;
  }
  graph.targets.resize(static_cast<std::size_t>(graph.begins.back()));
  graph.weights.resize(graph.targets.size());
  parallel_blocks(n, points_per_graph_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i) {
      auto at = static_cast<std::size_t>(graph.begins[static_cast<std::size_t>(i)]);
      of(i, [&](std::int32_t target, float weight) {
        graph.targets[at] = target;
        graph.weights[at++] = weight;
      });
    }
  });
  return graph;
}

}  // namespace ilk::internal
