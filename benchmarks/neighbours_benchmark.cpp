// Q queries, B rows of the base, D dimensions, k neighbours.
#include <benchmark/benchmark.h>
#include <ilk/neighbours.h>

#include "unit_vectors.h"

namespace {

/// Many queries (the neighbours of all images), and few over a long base (centres in a vocabulary).
void NearestNeighbours(benchmark::State& state) {
  const auto queries = unit_vectors(state.range(0), state.range(2)),
             base = unit_vectors(state.range(1), state.range(2), 0, 1);
  for (auto _ : state) benchmark::DoNotOptimize(ilk::nearest_neighbours(queries, base, state.range(3)));
  const double products = 2.0 * static_cast<double>(state.range(0) * state.range(1) * state.range(2));
  state.counters["GFLOP/s"] =
      benchmark::Counter(products / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(NearestNeighbours)
    ->ArgNames({"Q", "B", "D", "k"})
    ->Args({10000, 10000, 512, 50})
    ->Args({36, 120000, 384, 5})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
