#include "watch.h"

#include <chrono>

namespace ilk::python {

void Watcher::start(std::string_view stage, std::int64_t total, std::string_view unit) {
  const std::lock_guard lock(mutex_);
  stage_ = Stage{std::string(stage), std::string(unit), 0, total};
  news_ = true;
}

void Watcher::advance(std::int64_t count) {
  const std::lock_guard lock(mutex_);
  if (stage_) stage_->done += count;
  news_ = true;
}

void Watcher::finish() {
  const std::lock_guard lock(mutex_);
  if (stage_) finished_.push_back(*std::exchange(stage_, std::nullopt));
  news_ = true;
}

void Watcher::say(std::string_view sentence) {
  const std::lock_guard lock(mutex_);
  said_.emplace_back(sentence);
  news_ = true;
}

void Watcher::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Watcher::wait(nb::handle listener) {
  constexpr auto pause = std::chrono::milliseconds(50);
  for (bool ended = false; !ended;) {
    {
      const nb::gil_scoped_release without_gil;
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, pause, [this] { return ended_; });
      ended = ended_;
    }
    try {
      if (PyErr_CheckSignals() != 0) nb::raise_python_error();
      if (!raised_) tell(listener);
    } catch (nb::python_error& error) {
      if (!raised_) raised_.emplace(std::move(error));
      stop_ = true;
    }
  }
}

void Watcher::rethrow() {
  if (raised_) throw nb::python_error(std::move(*raised_));
}

void Watcher::tell(nb::handle listener) {
  std::vector<Stage> stages;
  std::vector<std::string> sentences;
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(news_, false)) return;
    stages = std::exchange(finished_, {});
    if (stage_) stages.push_back(*stage_);
    sentences = std::exchange(said_, {});
  }
  if (listener.is_none()) return;
  for (const std::string& sentence : sentences) listener.attr("say")(sentence.c_str());
  for (const Stage& stage : stages) tell(listener, stage);
}

void Watcher::tell(nb::handle listener, const Stage& stage) {
  const nb::object total = stage.total < 0 ? nb::object(nb::none()) : nb::object(nb::int_(stage.total));
  listener.attr("update")(stage.name.c_str(), stage.done, total, stage.unit.c_str());
}

std::atomic<int>& watched_calls() {
  static std::atomic<int> calls = 0;
  return calls;
}

}  // namespace ilk::python
