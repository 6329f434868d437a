#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "core/duration.h"
#include "core/text.h"
#include "output.h"

namespace ilk::cli {
namespace {

/// Stages that take less are not shown.
constexpr std::chrono::seconds shortest_shown{1};

volatile std::sig_atomic_t stop_asked = 0;

extern "C" void on_interrupt(int signal) {
  stop_asked = 1;
  std::signal(signal, SIG_DFL);
}

int terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string number_text(double value) {
  return fixed(value, value < 10 ? 1 : 0);
}

}  // namespace

void stop_on_interrupt() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

bool interrupted() {
  return stop_asked != 0;
}

int display_width(const std::string& text) {
  int width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const int length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    wchar_t code = length == 1 ? lead : lead & (0xFF >> (length + 1));
    for (int j = 1; j < length && i + j < text.size(); ++j)
      code = (code << 6) | (static_cast<unsigned char>(text[i + j]) & 0x3F);
    const int columns = wcwidth(code);
    width += columns < 0 ? 1 : columns;
    i += static_cast<std::size_t>(length);
  }
  return width;
}

TerminalProgress::TerminalProgress(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {
  if (const char* term = std::getenv("TERM"); term && std::string_view(term) == "dumb") terminal_ = false;
}

void TerminalProgress::start(std::string_view stage, std::int64_t total, std::string_view unit) {
  const std::lock_guard lock(mutex_);
  stage_ = stage, unit_ = unit, total_ = total, done_ = 0;
  begin_ = shown_ = Clock::now();
  running_ = true;
}

void TerminalProgress::advance(std::int64_t count) {
  const std::lock_guard lock(mutex_);
  done_ += count;
  const auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10000);
  const auto now = Clock::now();
  if (quiet_ || !running_ || now - shown_ < pause || now - begin_ < shortest_shown) return;
  shown_ = now;
  draw(false);
}

void TerminalProgress::finish() {
  const std::lock_guard lock(mutex_);
  // Nobody needs to be told what took less.
  if (!quiet_ && running_ && Clock::now() - begin_ >= shortest_shown) draw(true);
  clear_line();
  running_ = false;
}

void TerminalProgress::conclude(std::string_view sentence) {
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
  }
  say(sentence);
}

void TerminalProgress::say(std::string_view sentence) {
  const std::lock_guard lock(mutex_);
  if (quiet_) return;
  clear_line();
  std::fprintf(stderr, "%s\n", printable(sentence).c_str());
  if (running_ && terminal_ && Clock::now() - begin_ >= shortest_shown) draw(false);
}

std::string TerminalProgress::amount(double count) const {
  if (unit_ == "bytes") return number_text(count / (1 << 20)) + " MiB";
  return number_text(count) + " " + unit_;
}

std::string TerminalProgress::done_text() const {
  if (unit_ == "bytes")
    return amount(static_cast<double>(done_)) +
           (total_ > 0 ? " of " + amount(static_cast<double>(total_)) : "");
  return std::to_string(done_) + (total_ >= 0 ? "/" + std::to_string(total_) : "") + " " + unit_;
}

void TerminalProgress::clear_line() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

void TerminalProgress::draw(bool last) {
  const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  std::string text = done_text();
  if (rate > 0 && (last || seconds > 0.5)) text += ", " + amount(rate) + "/s";
  if (last) {
    text += ", " + duration_text(seconds);
  } else if (total_ > done_ && rate > 0 && seconds > 0.5) {
    text += ", " + duration_text(static_cast<double>(total_ - done_) / rate) + " left";
  }
  if (!terminal_ || last) {
    clear_line();
    std::fprintf(stderr, "%-18s %s\n", stage_.c_str(), text.c_str());
    return;
  }
  std::string bar;
  if (total_ > 0) {
    const int room = std::clamp(terminal_width() - 22 - static_cast<int>(text.size()) - 3, 0, 30);
    const int full =
        static_cast<int>(room * std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_)));
    for (int i = 0; i < room; ++i) bar += i < full ? "━" : "┄";
    bar += "  ";
  }
  std::fprintf(stderr, "\r\x1b[K%-18s %s%s", stage_.c_str(), bar.c_str(), text.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace ilk::cli
