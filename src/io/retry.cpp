#include "io/retry.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <thread>

namespace ilk::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double longest_pause_seconds = 60;

}  // namespace

bool is_retryable(long status) {
  return status == 408 || status == 425 || status == 429 || status / 100 == 5;
}

double pause_before_retry(double first_seconds, std::int64_t failures) {
  thread_local std::mt19937 jitter(std::random_device{}());
  const double doubled = first_seconds * std::pow(2.0, std::clamp<std::int64_t>(failures - 1, 0, 20));
  return std::min(doubled, longest_pause_seconds) * std::uniform_real_distribution<>(0.75, 1.25)(jitter);
}

void wait(double seconds, const Progress& progress) {
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    progress.check_stop();
    const std::chrono::duration<double> left = end - Clock::now();
    std::this_thread::sleep_for(std::min(left, std::chrono::duration<double>(0.1)));
  }
  progress.check_stop();
}

}  // namespace ilk::http
