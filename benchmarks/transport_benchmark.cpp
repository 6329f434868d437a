// N images, M words, D dimensions.
#include <benchmark/benchmark.h>
#include <ilk/transport.h>

#include <cmath>

#include "unit_vectors.h"

namespace {

void count_products(benchmark::State& state, double products) {
  const double one = 2.0 * static_cast<double>(state.range(0) * state.range(1) * state.range(2));
  state.counters["GFLOP/s"] =
      benchmark::Counter(products * one / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

/// Ten iterations at a fixed ε. GFLOP/s is what it would take to make every product anew; few are.
void SinkhornPasses(benchmark::State& state) {
  const auto images = unit_vectors(state.range(0), state.range(2)),
             words = unit_vectors(state.range(1), state.range(2), 0, 1);
  for (auto _ : state)
    benchmark::DoNotOptimize(
        ilk::solve_transport(images, words, {.epsilon = 0.01, .max_iterations = 10, .tolerance = 1e-12}));
  count_products(state, 10);
}
BENCHMARK(SinkhornPasses)
    ->ArgNames({"N", "M", "D"})
    ->Args({20000, 300, 512})
    ->Args({20000, 3000, 512})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

/// How many iterations it takes to 1e-4 at ε = 10^−exponent.
void ToConvergence(benchmark::State& state) {
  const auto images = unit_vectors(2000, 64, 20), words = unit_vectors(300, 64, 20, 1);
  std::int64_t iterations = 0;
  for (auto _ : state)
    iterations = ilk::solve_transport(images, words,
                                      {.epsilon = std::pow(10.0, -static_cast<double>(state.range(0))),
                                       .max_iterations = 10000})
                     .iterations;
  state.counters["passes"] = static_cast<double>(iterations);
}
BENCHMARK(ToConvergence)->DenseRange(1, 3)->Unit(benchmark::kMillisecond)->UseRealTime();

void Counterparts(benchmark::State& state) {
  const auto images = unit_vectors(state.range(0), state.range(2)),
             words = unit_vectors(state.range(1), state.range(2), 0, 1);
  const ilk::RowPlan plan{std::vector<double>(static_cast<std::size_t>(state.range(1))), 0.05};
  for (auto _ : state) benchmark::DoNotOptimize(ilk::counterparts(images, words, plan));
  count_products(state, 2);
}
BENCHMARK(Counterparts)
    ->ArgNames({"N", "M", "D"})
    ->Args({20000, 3000, 512})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
