#pragma once
#include <ilk/progress.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace ilk::cli {

/// Ctrl-C asks running work to stop at its next safe point; a second one ends the program at once.
void stop_on_interrupt();
bool interrupted();

/// Progress on standard error: a bar with rate and time left on a terminal, plain lines elsewhere, nothing if
/// quiet. Stages of under a second are not shown.
class TerminalProgress : public Progress {
 public:
  explicit TerminalProgress(bool quiet);
  void start(std::string_view stage, std::int64_t total, std::string_view unit) override;
  void advance(std::int64_t count) override;
  void finish() override;
  void conclude(std::string_view sentence) override;
  void say(std::string_view sentence) override;
  bool stop_requested() const override { return interrupted(); }

 private:
  using Clock = std::chrono::steady_clock;
  void draw(bool last);
  void clear_line();
  std::string amount(double count) const;
  std::string done_text() const;

  std::mutex mutex_;
  bool quiet_, terminal_, running_ = false, drawn_ = false;
  std::string stage_, unit_;
  std::int64_t total_ = -1, done_ = 0;
  Clock::time_point begin_, shown_;
};

/// Columns that a text takes on a terminal, for lining up tables: one for each code point, two for wide ones.
int display_width(const std::string& text);

}  // namespace ilk::cli
