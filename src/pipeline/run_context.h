#pragma once
#include <ilk/progress.h>
#include <ilk/run.h>

#include <chrono>
#include <mutex>
#include <string>
#include <type_traits>
#include <vector>

#include "io/files.h"

namespace ilk {

/// Passes everything on and keeps what was said, for the manifest and the report.
class RecordingProgress : public Progress {
 public:
  explicit RecordingProgress(Progress& next) : next_(next) {}
  void start(std::string_view stage, std::int64_t total, std::string_view unit) override {
    next_.start(stage, total, unit);
  }
  void advance(std::int64_t count) override { next_.advance(count); }
  void finish() override { next_.finish(); }
  void conclude(std::string_view sentence) override { next_.conclude(sentence); }
  void say(std::string_view sentence) override {
    next_.say(sentence);
    const std::lock_guard lock(mutex_);
    said_.emplace_back(sentence);
  }
  bool stop_requested() const override { return next_.stop_requested(); }
  /// Says what every run has to say: no notice, so it is not kept.
  void mention(std::string_view sentence) { next_.say(sentence); }
  const std::vector<std::string>& said() const { return said_; }

 private:
  Progress& next_;
  std::mutex mutex_;
  std::vector<std::string> said_;
};

/// Where --cache says that embeddings are kept; empty where nothing is.
inline std::filesystem::path cache_folder(const std::string& option) {
  if (option == "none") return {};
  return option.empty() ? cache_directory() : std::filesystem::path(option);
}

struct Method;

/// What the stages of a run share.
struct RunContext {
  const RunInputs& inputs;
  const RunOptions& options;
  const Method& method;
  RunSummary& summary;
  RecordingProgress& progress;

  /// Does the work of a stage and notes how long it took.
  template <class Work>
  std::invoke_result_t<Work> timed(const char* stage, Work&& work) {
    progress.check_stop();
    struct NoteTime {
      RunSummary& summary;
      const char* stage;
      std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
      ~NoteTime() {
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
        summary.seconds.emplace_back(stage, seconds.count());
      }
    };
    const NoteTime note{summary, stage};
    return work();
  }
};

}  // namespace ilk
