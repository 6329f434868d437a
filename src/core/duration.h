#pragma once
#include <string>

namespace ilk {

/// A span of time for people: "4.2 s", "40 s", "3 min 20 s", "2 h 05 min".
std::string duration_text(double seconds);

}  // namespace ilk
