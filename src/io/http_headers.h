#pragma once
// What a server says of an answer, line by line.
#include <cstdint>
#include <string>
#include <string_view>

#include "io/http.h"

namespace ilk::http {

/// Takes a line of an answer's head. A status line begins a new answer: after a "100 Continue", or a proxy's.
void take_header_line(Answer& answer, std::string_view line);

/// "bytes 100-199/1000", "bytes */1000".
struct ContentRange {
  std::int64_t begin = -1, total = -1;  ///< −1: not said
};
ContentRange content_range(const std::string& text);

}  // namespace ilk::http
