#include "core/duration.h"

#include <cmath>

#include "core/text.h"

namespace ilk {

std::string duration_text(double seconds) {
  const auto whole = std::lround(seconds);
  if (seconds < 9.95) return formatted("%.1f s", seconds);
  if (whole < 60) return formatted("%ld s", whole);
  if (whole < 3600) return formatted("%ld min %02ld s", whole / 60, whole % 60);
  return formatted("%ld h %02ld min", whole / 3600, whole / 60 % 60);
}

}  // namespace ilk
