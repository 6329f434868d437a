#include <gtest/gtest.h>
#include <ilk/threads.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

#include "core/fail.h"
#include "core/parallel.h"
#include "core/stop_blocks.h"
#include "kernels/matrix_product.h"
#include "matrices.h"

namespace {

/// Runs one block on each of `threads` threads: a block waits for all others to begin. Returns the threads.
std::set<std::thread::id> run_on_each(int threads) {
  std::atomic<int> begun = 0;
  std::set<std::thread::id> seen;
  std::mutex mutex;
  ilk::set_threads(threads);
  ilk::parallel_blocks(threads, 1, [&](auto, auto, auto) {
    ++begun;
    for (int i = 0; i < 10000 && begun < threads; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  return seen;
}

TEST(ParallelBlocks, CoversEveryItemOnceWhateverTheBlockAndThreads) {
  for (const int threads : {1, 2, 5}) {
    ilk::set_threads(threads);
    for (const std::int64_t block : {1, 3, 10, 100}) {
      std::vector<std::atomic<int>> visits(37);
      ilk::parallel_blocks(37, block, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
        EXPECT_EQ(begin, index * block);
        for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
      });
      for (const auto& count : visits) EXPECT_EQ(count, 1);
    }
  }
  ilk::parallel_blocks(0, 4, [](auto, auto, auto) { FAIL() << "no items, no calls"; });
}

TEST(ParallelBlocks, RunsBlocksAtTheSameTime) {
  for (const int threads : {2, 4}) EXPECT_EQ(run_on_each(threads).size(), static_cast<std::size_t>(threads));
}

TEST(ParallelBlocks, RethrowsTheFirstException) {
  ilk::set_threads(2);
  EXPECT_THROW(ilk::parallel_blocks(50, 1,
                                    [](std::int64_t i, auto, auto) {
                                      if (i == 20) ilk::fail("here", "x");
                                    }),
               ilk::Error);
}

TEST(ParallelBlocks, RunsNestedCallsInPlace) {
  ilk::set_threads(4);
  std::atomic<int> calls = 0, elsewhere = 0, begun = 0;
  ilk::parallel_blocks(2, 1, [&](auto, auto, auto) {
    // Two outer blocks run side by side, so that idle helpers are there to take inner ones.
    ++begun;
    for (int i = 0; i < 10000 && begun < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto here = std::this_thread::get_id();
    std::int64_t next = 0;
    ilk::parallel_blocks(50, 2, [&](auto, auto, std::int64_t index) {
      ++calls;
      if (std::this_thread::get_id() != here) ++elsewhere;
      EXPECT_EQ(index, next++) << "one after another";
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    });
  });
  EXPECT_EQ(calls, 2 * 25);
  EXPECT_EQ(elsewhere, 0);
}

std::atomic<int> ended = 0;

/// Counts the end of each thread that has touched it.
struct Witness {
  bool touched = false;
  ~Witness() {
    if (touched) ++ended;
  }
};
thread_local Witness witness;

TEST(StopThreads, EndsTheHelpersAndLaterCallsStartNewOnes) {
  constexpr int threads = 4, rounds = 5;
  ilk::stop_threads();  // those of other tests
  ilk::set_threads(threads);
  for (int round = 0; round < rounds; ++round) {
    ended = 0;
    std::atomic<int> begun = 0, fresh = 0;
    const auto main_thread = std::this_thread::get_id();
    for (const bool first : {true, false}) {
      begun = 0;
      ilk::parallel_blocks(threads, 1, [&](auto, auto, auto) {
        ++begun;
        for (int i = 0; i < 10000 && begun < threads; ++i)
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (std::this_thread::get_id() == main_thread) return;
        if (first && !witness.touched) ++fresh;
        witness.touched = true;
      });
    }
    EXPECT_EQ(fresh, threads - 1) << "none is left of the round before, in round " << round;
    EXPECT_EQ(ended, 0) << "helpers stay from call to call";
    ilk::stop_threads();
    EXPECT_EQ(ended, threads - 1);
    ilk::stop_threads();
    EXPECT_EQ(ended, threads - 1) << "there is nothing left to stop";
  }
}

TEST(StopThreads, ManyShortRunsEachGetAllTheirBlocks) {
  for (int run = 0; run < 2000; ++run) {
    const int threads = 1 + run % 5;
    ilk::set_threads(threads);
    std::atomic<std::int64_t> sum = 0;
    const int calls = 1 + run % 3;
    for (int call = 0; call < calls; ++call)
      ilk::parallel_blocks(run % 7, 1, [&](std::int64_t i, auto, auto) { sum += i + 1; });
    const std::int64_t n = run % 7;
    ASSERT_EQ(sum, calls * n * (n + 1) / 2) << run;
    if (run % 2 == 0) ilk::stop_threads();
  }
  ilk::stop_threads();
  ilk::set_threads(0);
}

/// Asks to stop once `blocks` have run.
struct StopAfter : ilk::Progress {
  explicit StopAfter(int blocks) : left(blocks) {}
  bool stop_requested() const override { return left <= 0; }
  std::atomic<int> left;
};

TEST(StopBlocks, EndsTheWorkBetweenBlocks) {
  for (const int threads : {1, 3}) {
    ilk::set_threads(threads);
    StopAfter progress(10);
    int run = 0;
    {
      const ilk::StopBlocks stop(progress);
      std::atomic<int> done = 0;
      EXPECT_THROW(ilk::parallel_blocks(1000, 1, [&](auto, auto, auto) { ++done, --progress.left; }),
                   ilk::Stopped);
      run = done;
    }
    EXPECT_GE(run, 10);
    EXPECT_LE(run, 10 + threads);
    // Nobody asks any more.
    std::atomic<int> all = 0;
    ilk::parallel_blocks(50, 1, [&](auto, auto, auto) { ++all; });
    EXPECT_EQ(all, 50);
  }
  ilk::set_threads(0);
}

TEST(StopBlocks, CallsInsideABlockAreLeftToFinish) {
  ilk::set_threads(1);
  StopAfter progress(1);
  const ilk::StopBlocks stop(progress);
  std::atomic<int> inner = 0;
  EXPECT_THROW(ilk::parallel_blocks(5, 1,
                                    [&](auto, auto, auto) {
                                      --progress.left;
                                      ilk::parallel_blocks(7, 1, [&](auto, auto, auto) { ++inner; });
                                    }),
               ilk::Stopped);
  EXPECT_EQ(inner, 7);
  ilk::set_threads(0);
}

TEST(ParallelBlocks, MatrixProductsDoNotDependOnTheNumberOfThreads) {
  const auto a = random_matrix(1001, 130, 1), b = random_matrix(130, 77, 2);
  const auto packed = ilk::PackedMatrix::of(b);
  ilk::set_threads(1);
  const auto one = ilk::product(a, packed);
  for (const int threads : {2, 3, 8}) {
    ilk::set_threads(threads);
    EXPECT_TRUE(equal(ilk::product(a, packed), one)) << threads;
  }
  ilk::set_threads(0);
}

}  // namespace
