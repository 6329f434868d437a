#include "io/http_headers.h"

#include <cstdio>
#include <cstdlib>

#include "io/strings.h"

namespace ilk::http {

void take_header_line(Answer& answer, std::string_view line) {
  if (line.starts_with("HTTP/")) {
    answer.headers.clear();
    answer.status = 0;
    if (const auto space = line.find(' '); space != std::string_view::npos)
      answer.status = std::strtol(std::string(line.substr(space)).c_str(), nullptr, 10);
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    for (char& letter : name)
      letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    answer.headers[name] = trimmed(line.substr(colon + 1));
  }
}

ContentRange content_range(const std::string& text) {
  ContentRange range;
  long long begin = 0, end = 0, total = 0;
  if (std::sscanf(text.c_str(), "bytes %lld-%lld/%lld", &begin, &end, &total) == 3)
    range = {begin, total};
  else if (std::sscanf(text.c_str(), "bytes %lld-%lld/*", &begin, &end) == 2)
    range = {begin, -1};
  else if (std::sscanf(text.c_str(), "bytes */%lld", &total) == 1)
    range = {-1, total};
  return range;
}

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::int64_t Answer::content_length() const {
  const std::string text = header("content-length");
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos)
    return -1;
  return std::stoll(text);
}

}  // namespace ilk::http
