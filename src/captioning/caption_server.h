#pragma once
// A server that is asked for captions.
#include <ilk/progress.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "captioning/caption_images.h"

namespace ilk {

/// Asks, and asks again where that may help; before it does, it says so to `say`, from any thread.
/// Thread-safe; keeps references to `options` and `stop`.
class CaptionServer {
 public:
  using Say = std::function<void(const std::string&)>;
  CaptionServer(const CaptionOptions& options, std::string key, const Progress& stop, Say say);

  /// A caption, or why this image has none, as SkippedFile has it.
  struct Reply {
    std::string caption;
    std::string kind, reason;
  };
  /// Throws Error where no other image would fare better, Stopped on request.
  Reply ask(std::string_view jpeg);

  std::int64_t requests() const { return requests_; }  ///< that were sent
  std::int64_t bytes() const { return bytes_; }        ///< of their bodies

 private:
  using Clock = std::chrono::steady_clock;
  struct Step;
  Step attempt(const std::string& question);
  void tell(const Step& step, std::int64_t tried, double pause);
  template <class... Parts>
  [[noreturn]] void give_up(const Parts&... parts) const;
  void wait_for_leave() const;
  void hold_everyone(double seconds);

  const CaptionOptions& options_;
  const Progress& stop_;
  Say say_;
  std::string address_, key_;
  std::atomic<std::int64_t> requests_ = 0, bytes_ = 0;
  std::atomic<std::int64_t> most_told_ = 0;  // attempts without an answer, since the last answer
  mutable std::mutex mutex_;
  Clock::time_point not_before_;  // the server asked to come back then
};

}  // namespace ilk
