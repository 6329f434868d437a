#pragma once
// N points, k neighbours of each, E edges.
#include <ilk/neighbours.h>

#include <cstdint>
#include <span>
#include <vector>

namespace ilk::internal {

/// A symmetric graph with weights in (0, 1]; no point is its own neighbour.
struct NeighbourGraph {
  std::vector<std::int64_t> begins;   ///< (N + 1): where a point's edges begin
  std::vector<std::int32_t> targets;  ///< (E), ascending for each point
  std::vector<float> weights;         ///< (E)

  std::int64_t size() const { return static_cast<std::int64_t>(begins.size()) - 1; }
};

/// The graph of UMAP (McInnes, Healy and Melville 2018, section 3.1). `nearest` is of each point among all,
/// itself included or not; k of the others count. A neighbour at distance d = 1 − cosine weighs exp(−(d − ρ)
/// / σ), ρ the distance of the nearest that is no copy, σ such that the weights sum to log₂ k; two directions
/// a and b of an edge join to a + b − a b.
NeighbourGraph neighbour_graph(const Neighbours& nearest, std::int64_t k);

}  // namespace ilk::internal
