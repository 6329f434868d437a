// N points, D dimensions, K clusters.
#include <benchmark/benchmark.h>
#include <ilk/kmeans.h>

#include "unit_vectors.h"

namespace {

void count_products(benchmark::State& state, double iterations) {
  const double products =
      2.0 * static_cast<double>(state.range(0) * state.range(1) * state.range(2)) * iterations;
  state.counters["GFLOP/s"] =
      benchmark::Counter(products / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

/// A fixed number of iterations from the first points, as benchmarks/peers times other libraries.
void Lloyd(benchmark::State& state) {
  const auto points = unit_vectors(state.range(0), state.range(1));
  const ilk::KMeansOptions options{.search = {.max_iterations = state.range(3), .tolerance = 0}};
  double objective = 0;
  for (auto _ : state)
    objective = ilk::kmeans_from(points, points.rows_between(0, state.range(2)), options).objective;
  state.counters["mean cosine"] = objective;
  count_products(state, static_cast<double>(state.range(3)));
}
BENCHMARK(Lloyd)
    ->ArgNames({"N", "D", "K", "iterations"})
    ->Args({60000, 512, 10, 50})
    ->Args({60000, 512, 200, 20})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

/// What a folder of pictures asks for: twenty starts from k-means++ to convergence.
void Restarts(benchmark::State& state) {
  const auto points = unit_vectors(state.range(0), state.range(1), state.range(2));
  std::int64_t iterations = 0;
  for (auto _ : state)
    iterations =
        ilk::kmeans(points, {.n_clusters = state.range(2), .search = {.n_init = state.range(3)}}).iterations;
  state.counters["iterations"] = static_cast<double>(iterations);
}
BENCHMARK(Restarts)
    ->ArgNames({"N", "D", "K", "starts"})
    ->Args({8000, 384, 12, 20})
    ->Args({8000, 384, 36, 1})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void AssignToNearest(benchmark::State& state) {
  const auto points = unit_vectors(state.range(0), state.range(1)),
             centres = unit_vectors(state.range(2), state.range(1), 0, 1);
  for (auto _ : state) benchmark::DoNotOptimize(ilk::assign_to_nearest(points, centres));
  count_products(state, 1);
}
BENCHMARK(AssignToNearest)
    ->ArgNames({"N", "D", "K"})
    ->Args({60000, 512, 200})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
