#include "core/parallel.h"

#include <ilk/threads.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/stop_blocks.h"

namespace ilk {
namespace {

/// The threads that help. They sleep while there is nothing to do, so that other processes have the core.
/// Calls from several threads share the helpers.
///
/// A helper that starts late, when the calling thread has done all the work alone, must not still be on its
/// way to its first wait when the process ends: it would use what the libraries' destructors have freed. So
/// `run` returns only once every helper waits or works, and `stop` ends them all before anything is
/// destroyed.
class Helpers {
 public:
  Helpers() = default;
  ~Helpers() { stop(); }
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;

  /// Runs `work` here and, as far as helpers are free, on up to `most` of them; returns once all have ended.
  void run(int most, const std::function<void()>& work) {
    Job job{&work, most};
    {
      const std::lock_guard lock(mutex_);
      try {
        while (static_cast<int>(threads_.size()) < most) threads_.emplace_back([this] { help(); });
      } catch (const std::system_error&) {
        // No more threads to be had: fewer do.
      }
      jobs_.push_back(&job);
    }
    most == 1 ? wake_.notify_one() : wake_.notify_all();
    work();
    std::unique_lock lock(mutex_);
    jobs_.remove(&job);
    changed_.wait(lock, [&] { return job.running == 0 && arrived_ == threads_.size(); });
  }

  /// Ends all helpers; the next `run` starts new ones. Not while a `run` goes on.
  void stop() {
    std::vector<std::thread> ending;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      ending.swap(threads_);
    }
    wake_.notify_all();
    // A process that was forked has the list of its parent's helpers, but not the helpers.
    for (std::thread& thread : ending) process_ == getpid() ? thread.join() : thread.detach();
    const std::lock_guard lock(mutex_);
    stopping_ = false;
    arrived_ = 0;
  }

 private:
  struct Job {
    const std::function<void()>* work;
    int wanted, running = 0;
  };

  void help() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    while (!stopping_) {
      const auto open =
          std::find_if(jobs_.begin(), jobs_.end(), [](const Job* job) { return job->wanted > 0; });
      if (open == jobs_.end()) {
        wake_.wait(lock);
        continue;
      }
      Job& job = **open;
      --job.wanted;
      ++job.running;
      lock.unlock();
      (*job.work)();
      lock.lock();
      if (--job.running == 0) changed_.notify_all();
    }
  }

  const pid_t process_ = getpid();
  std::mutex mutex_;
  std::condition_variable wake_, changed_;
  std::list<Job*> jobs_;
  std::vector<std::thread> threads_;
  std::size_t arrived_ = 0;
  bool stopping_ = false;
};

Helpers& helpers() {
  static Helpers all;
  return all;
}

int cores() {
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count = cores();
  return count;
}

thread_local bool inside_a_block = false;
thread_local const Progress* stops_blocks = nullptr;

/// While it lives, calls on this thread run their blocks one after another.
class InsideABlock {
 public:
  InsideABlock() { inside_a_block = true; }
  ~InsideABlock() { inside_a_block = false; }
  InsideABlock(const InsideABlock&) = delete;
  InsideABlock& operator=(const InsideABlock&) = delete;
};

}  // namespace

StopBlocks::StopBlocks(const Progress& progress) : outer_(std::exchange(stops_blocks, &progress)) {}
StopBlocks::~StopBlocks() {
  stops_blocks = outer_;
}

void set_threads(int threads) {
  thread_count() = threads > 0 ? threads : cores();
}

int threads() {
  return thread_count();
}

void stop_threads() {
  helpers().stop();
}

void parallel_blocks(std::int64_t n, std::int64_t block,
                     const std::function<void(std::int64_t, std::int64_t, std::int64_t)>& body) {
  if (n <= 0) return;
  const std::int64_t blocks = (n + block - 1) / block;
  std::atomic<std::int64_t> next = 0;
  std::atomic<bool> failed = false;
  std::exception_ptr first;
  const Progress* const stop = inside_a_block ? nullptr : stops_blocks;
  const std::function<void()> work = [&] {
    for (std::int64_t i = next++; i < blocks && !failed; i = next++) {
      try {
        if (stop) stop->check_stop();
        body(i * block, std::min(n, (i + 1) * block), i);
      } catch (...) {
        if (!failed.exchange(true)) first = std::current_exception();
      }
    }
  };
  if (inside_a_block) {
    work();
  } else {
    const std::function<void()> alone = [&] {
      const InsideABlock inside;
      work();
    };
    const int most = static_cast<int>(std::min<std::int64_t>(threads(), blocks)) - 1;
    most > 0 ? helpers().run(most, alone) : alone();
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace ilk
