#pragma once
// When to ask a server again.
#include <ilk/progress.h>

#include <cstdint>

namespace ilk::http {

/// A status that another attempt may not meet.
bool is_retryable(long status);
/// Before the attempt that follows so many in a row that failed: first · 2^(failures − 1) seconds, at most a
/// minute, give or take a quarter at random, so that many who were refused at once do not come back at once.
double pause_before_retry(double first_seconds, std::int64_t failures);
/// Throws Stopped within a fraction of a second of a request.
void wait(double seconds, const Progress& progress);

}  // namespace ilk::http
