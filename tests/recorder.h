#pragma once
#include <ilk/progress.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

/// A Progress that keeps what it is told, and asks for a stop where a test wants one.
class Recorder : public ilk::Progress {
 public:
  void start(std::string_view stage, std::int64_t total, std::string_view unit) override {
    log += "start " + std::string(stage) + " " + std::to_string(total) + " " + std::string(unit) + ";";
    stages.emplace_back(stage);
    this->total = total;
  }
  void advance(std::int64_t count) override { advanced += count; }
  void finish() override {
    log += "finish;";
    ++finished;
  }
  void say(std::string_view sentence) override { said += sentence; }
  bool stop_requested() const override { return advanced >= stop_at || (stop && stop()); }

  std::string log, said;
  std::vector<std::string> stages;
  std::int64_t total = 0;
  int finished = 0;
  std::atomic<std::int64_t> advanced = 0, stop_at = std::numeric_limits<std::int64_t>::max();
  std::function<bool()> stop;
};
