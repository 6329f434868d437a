#include "core/duration.h"

#include <cmath>
#include <cstdio>

namespace ilk {

std::string duration_text(double seconds) {
  char text[64];
  const auto whole = std::lround(seconds);
  if (seconds < 9.95)
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  else if (whole < 60)
    std::snprintf(text, sizeof text, "%ld s", whole);
  else if (whole < 3600)
    std::snprintf(text, sizeof text, "%ld min %02ld s", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
  return text;
}

}  // namespace ilk
