#pragma once
// Long work beside a Python interpreter that goes on.
#include <ilk/progress.h>
#include <ilk/threads.h>
#include <nanobind/nanobind.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/stop_blocks.h"

namespace ilk::python {

namespace nb = nanobind;

/// What the working thread says, for the thread that called from Python.
class Watcher : public Progress {
 public:
  void start(std::string_view stage, std::int64_t total, std::string_view unit) override;
  void advance(std::int64_t count) override;
  void finish() override;
  void say(std::string_view sentence) override;
  bool stop_requested() const override { return stop_; }

  /// The working thread calls it last.
  void end();
  /// Waits for `end` without the GIL. Meanwhile it looks for signals, so that Ctrl-C raises
  /// KeyboardInterrupt, and tells `listener` (ilk._progress: update(stage, done, total, unit) and
  /// say(sentence); or None) how far the work is. The first exception that either raises stops the work.
  void wait(nb::handle listener);
  /// Raises that exception, if there was one.
  void rethrow();

 private:
  struct Stage {
    std::string name, unit;
    std::int64_t done = 0, total = -1;
  };
  void tell(nb::handle listener);
  static void tell(nb::handle listener, const Stage& stage);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Stage> stage_;
  std::vector<Stage> finished_;
  std::vector<std::string> said_;
  bool ended_ = false, news_ = false;
  std::atomic<bool> stop_ = false;
  std::optional<nb::python_error> raised_;
};

/// How many watched calls go on.
std::atomic<int>& watched_calls();

/// Counts a call, and has ilk use `n_jobs` threads while it lives; 0 or less: as many as before.
class CountedCall {
 public:
  explicit CountedCall(std::int64_t n_jobs) : before_(threads()) {
    ++watched_calls();
    if (n_jobs > 0) set_threads(static_cast<int>(n_jobs));
  }
  ~CountedCall() {
    set_threads(before_);
    --watched_calls();
  }
  CountedCall(const CountedCall&) = delete;
  CountedCall& operator=(const CountedCall&) = delete;

 private:
  int before_;
};

/// Runs `work(progress)` on a thread of its own and returns what it returns. `work` must touch nothing of
/// Python.
template <class Work>
std::invoke_result_t<Work, Progress&> watched(nb::handle listener, std::int64_t n_jobs, Work&& work) {
  Watcher watcher;
  std::optional<std::invoke_result_t<Work, Progress&>> result;
  std::exception_ptr failure;
  {
    const CountedCall counted(n_jobs);
    std::thread thread([&] {
      try {
        const StopBlocks stop(watcher);
        result.emplace(work(static_cast<Progress&>(watcher)));
      } catch (...) {
        failure = std::current_exception();
      }
      watcher.end();
    });
    watcher.wait(listener);
    const nb::gil_scoped_release without_gil;
    thread.join();
  }
  watcher.rethrow();
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

}  // namespace ilk::python
