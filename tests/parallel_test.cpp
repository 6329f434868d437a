#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/parallel.h>
#include <torch/types.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

namespace {

TEST(ParallelBlocks, CoversEveryItemOnceWhateverTheBlockAndThreads) {
  for (const int threads : {1, 2, 5}) {
    ilk::set_threads(threads);
    for (const std::int64_t block : {1, 3, 10, 100}) {
      std::vector<std::atomic<int>> visits(37);
      ilk::parallel_blocks(37, block, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
        EXPECT_EQ(begin, index * block);
        for (std::int64_t i = begin; i < end; ++i) ++visits[i];
      });
      for (const auto& count : visits) EXPECT_EQ(count, 1);
    }
  }
  ilk::parallel_blocks(0, 4, [](auto, auto, auto) { FAIL() << "no items, no calls"; });
}

TEST(ParallelBlocks, RunsBlocksAtTheSameTime) {
  ilk::set_threads(2);
  std::atomic<int> begun = 0;
  std::set<std::thread::id> threads;
  std::mutex mutex;
  ilk::parallel_blocks(2, 1, [&](auto, auto, auto) {
    ++begun;
    // Each block waits for the other to begin, which one thread alone would do in vain.
    for (int i = 0; i < 10000 && begun < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(threads.size(), 2u);
}

TEST(ParallelBlocks, RethrowsAndRunsNestedCallsInPlace) {
  ilk::set_threads(2);
  EXPECT_THROW(ilk::parallel_blocks(50, 1,
                                    [](std::int64_t i, auto, auto) {
                                      if (i == 20) ilk::fail("here", "x");
                                    }),
               ilk::Error);
  std::atomic<int> calls = 0;
  ilk::parallel_blocks(
      4, 1, [&](auto, auto, auto) { ilk::parallel_blocks(5, 2, [&](auto, auto, auto) { ++calls; }); });
  EXPECT_EQ(calls, 12);
}

TEST(ParallelBlocks, MatrixProductsDoNotDependOnTheNumberOfThreads) {
  torch::manual_seed(1);
  const auto a = torch::randn({1001, 130}), b = torch::randn({130, 77});
  const auto product = [&](int threads) {
    ilk::set_threads(threads);
    auto out = torch::empty({1001, 77});
    ilk::parallel_blocks(1001, 400, [&](std::int64_t begin, std::int64_t end, auto) {
      out.slice(0, begin, end).copy_(a.slice(0, begin, end).matmul(b).tanh());
    });
    return out;
  };
  const auto one = product(1);
  for (const int threads : {2, 3, 8}) EXPECT_TRUE(product(threads).equal(one)) << threads;
}

}  // namespace
