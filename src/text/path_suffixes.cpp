#include "text/path_suffixes.h"

#include <algorithm>
#include <filesystem>

namespace ilk {
namespace {

/// The parts of the path, last first, each with a slash after it.
std::string reversed(const std::string& path) {
  std::vector<std::string> parts;
  for (const auto& part : std::filesystem::path(path).lexically_normal())
    if (!part.empty() && part != "/" && part != ".") parts.push_back(part.string());
  std::string text;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) text += *part + "/";
  return text;
}

/// How long the prefix of whole parts is that both have.
std::size_t common_prefix(const std::string& a, const std::string& b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  const auto length = static_cast<std::size_t>(end - a.begin());
  return length == 0 ? 0 : a.rfind('/', length - 1) + 1;
}

}  // namespace

void PathSuffixes::add(const std::string& path, std::int64_t image) {
  reversed_.emplace_back(reversed(path), image);
}

void PathSuffixes::sort() {
  std::sort(reversed_.begin(), reversed_.end());
}

std::optional<PathSuffixes::Found> PathSuffixes::find(const std::string& path) const {
  const std::string wanted = reversed(path);
  const auto by_text = [](const auto& entry, const std::string& text) { return entry.first < text; };
  // The longest common prefix is with a neighbour.
  const auto after = std::lower_bound(reversed_.begin(), reversed_.end(), wanted, by_text);
  std::size_t length = 0;
  if (after != reversed_.end()) length = common_prefix(wanted, after->first);
  if (after != reversed_.begin()) length = std::max(length, common_prefix(wanted, std::prev(after)->first));
  if (length == 0) return std::nullopt;
  const std::string tail = wanted.substr(0, length);
  const auto first = std::lower_bound(reversed_.begin(), reversed_.end(), tail, by_text);
  for (auto other = first; other != reversed_.end() && other->first.starts_with(tail); ++other)
    if (other->second != first->second) return std::nullopt;
  return Found{first->second, static_cast<std::size_t>(std::count(tail.begin(), tail.end(), '/'))};
}

}  // namespace ilk
