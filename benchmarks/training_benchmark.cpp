// N images, D dimensions, K clusters; batches of 512.
#include <benchmark/benchmark.h>

#include "core/random.h"
#include "methods/heads.h"
#include "unit_vectors.h"

namespace {

/// One step of SAC's training: rows drawn and gathered, six passes through two heads, the loss, gradients and
/// Adam. sac_training.py times the same in plain PyTorch.
void Step(benchmark::State& state) {
  constexpr std::int64_t views = 3, batch = 512;
  const std::int64_t n = state.range(0), d = state.range(1), k = state.range(2);
  const auto images = unit_vectors(n, d, 0, 1), texts = unit_vectors(n, d, 0, 2);
  ilk::internal::Heads heads({images, texts}, k, 0);
  ilk::RandomStream random(0, "benchmark");
  const auto draw = [&] {
    ilk::Matrix<std::int64_t> rows(views, batch);
    for (std::int64_t& row : rows.flat()) row = random.below(n);
    return rows;
  };
  ilk::Matrix<float> room;
  for (auto _ : state) {
    const auto loss = ilk::internal::sac_loss(heads.forward({draw(), draw()}), {}, room);
    heads.backward(loss.gradients);
    heads.step({});
    benchmark::DoNotOptimize(loss.total);
  }
}
BENCHMARK(Step)
    ->ArgNames({"N", "D", "K"})
    ->Args({60000, 512, 10})
    ->Args({60000, 512, 100})
    ->Args({60000, 768, 10})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
