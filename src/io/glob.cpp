#include "io/glob.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "core/fail.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;

/// Tries the bracket expression at the start of `pattern`: whether `c` is in it, and how long it is; nothing
/// if the bracket is never closed and so stands for itself.
struct BracketMatch {
  bool fits = false;
  std::size_t length = 0;
};
std::optional<BracketMatch> match_bracket(unsigned char c, std::string_view pattern) {
  std::size_t i = 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false;
  for (const std::size_t begin = i; i < pattern.size() && (pattern[i] != ']' || i == begin); ++i) {
    const auto low = static_cast<unsigned char>(pattern[i]);
    auto high = low;
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      high = static_cast<unsigned char>(pattern[i + 2]);
      i += 2;
    }
    found = found || (low <= c && c <= high);
  }
  if (i >= pattern.size()) return std::nullopt;
  return BracketMatch{found != negated, i + 1};
}

/// How many bytes of the pattern one character takes, if it fits there.
std::optional<std::size_t> match_one(unsigned char c, std::string_view pattern) {
  if (pattern.empty()) return std::nullopt;
  if (pattern[0] == '?') return 1;
  if (pattern[0] == '[') {
    if (const auto bracket = match_bracket(c, pattern))
      return bracket->fits ? std::optional(bracket->length) : std::nullopt;
  }
  const bool escaped = pattern[0] == '\\' && pattern.size() > 1;
  if (static_cast<unsigned char>(pattern[escaped]) == c) return escaped ? 2 : 1;
  return std::nullopt;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder.empty() ? "." : folder, error), end; !error && entry != end;
       entry.increment(error))
    names.push_back(entry->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void expand_from(const fs::path& base, const std::vector<std::string>& parts, std::size_t index,
                 std::vector<std::string>& found) {
  std::error_code error;
  if (index == parts.size()) {
    found.push_back(base.string());
    return;
  }
  const std::string& part = parts[index];
  const bool last = index + 1 == parts.size();
  if (part == "**") {
    if (!last) expand_from(base, parts, index + 1, found);
    for (const std::string& name : names_in(base)) {
      if (name.front() == '.') continue;
      const fs::path path = base / name;
      const bool folder = fs::is_directory(fs::symlink_status(path, error));
      if (folder) expand_from(path, parts, index, found);
      if (last && !folder) found.push_back(path.string());
    }
  } else if (!looks_like_glob(part)) {
    const fs::path path = base / part;
    if (fs::exists(fs::symlink_status(path, error))) expand_from(path, parts, index + 1, found);
  } else {
    for (const std::string& name : names_in(base)) {
      const fs::path path = base / name;
      if (fits_glob(name, part) && (last || fs::is_directory(path, error)))
        expand_from(path, parts, index + 1, found);
    }
  }
}

}  // namespace

bool looks_like_glob(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

namespace {

/// What the first braces of a text that are a range or a list hold, and where they are.
struct Braces {
  std::size_t begin = 0, end = 0;  // of the text, the braces with it
  std::vector<std::string> choices;
};

std::optional<std::vector<std::string>> range_of(std::string_view inside, long most) {
  const std::size_t dots = inside.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  const std::string_view first = inside.substr(0, dots), last = inside.substr(dots + 2);
  const auto is_number = [](std::string_view text) {
    return !text.empty() && text.size() <= 9 &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!is_number(first) || !is_number(last)) return std::nullopt;
  const long from = std::stol(std::string(first)), to = std::stol(std::string(last));
  require(to - from < most, "expand_braces", "{", inside, "} stands for more than ", most, " paths.");
  std::vector<std::string> numbers;
  for (long number = from; number <= to; ++number) {
    std::string text = std::to_string(number);
    if (text.size() < first.size()) text.insert(0, first.size() - text.size(), '0');
    numbers.push_back(std::move(text));
  }
  return numbers;
}

std::optional<Braces> find_braces(std::string_view text, long most) {
  for (std::size_t begin = text.find('{'); begin != std::string_view::npos;
       begin = text.find('{', begin + 1)) {
    const std::size_t end = text.find('}', begin);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view inside = text.substr(begin + 1, end - begin - 1);
    Braces braces{begin, end + 1, {}};
    if (auto numbers = range_of(inside, most)) {
      braces.choices = std::move(*numbers);
      return braces;
    }
    if (inside.find(',') == std::string_view::npos || inside.find('{') != std::string_view::npos) continue;
    for (bool more = true; more;) {
      const std::size_t comma = inside.find(',');
      braces.choices.emplace_back(inside.substr(0, comma));
      more = comma != std::string_view::npos;
      if (more) inside.remove_prefix(comma + 1);
    }
    return braces;
  }
  return std::nullopt;
}

}  // namespace

bool has_braces(std::string_view text) {
  return find_braces(text, most_expanded).has_value();
}

std::vector<std::string> expand_braces(const std::string& text, long most) {
  const auto braces = find_braces(text, most);
  if (!braces) return {text};
  std::vector<std::string> expanded;
  const std::vector<std::string> rests = expand_braces(text.substr(braces->end), most);
  require(rests.size() * braces->choices.size() <= static_cast<std::size_t>(most), "expand_braces", "'", text,
          "' stands for more than ", most, " paths.");
  for (const std::string& choice : braces->choices)
    for (const std::string& rest : rests) {
      std::string& whole = expanded.emplace_back(text, 0, braces->begin);
      whole += choice;
      whole += rest;
    }
  return expanded;
}

bool fits_glob(std::string_view name, std::string_view pattern) {
  if (!name.empty() && name[0] == '.' && (pattern.empty() || pattern[0] != '.')) return false;
  // After a mismatch the latest star takes one character more; earlier stars need not be tried again.
  std::size_t n = 0, p = 0, after_star = std::string_view::npos, star_end = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_end = n;
    } else if (const auto taken = match_one(static_cast<unsigned char>(name[n]), pattern.substr(p))) {
      p += *taken;
      ++n;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      n = ++star_end;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<std::string> expand_glob(const std::string& pattern) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= pattern.size();) {
    const std::size_t end = std::min(pattern.find('/', begin), pattern.size());
    if (end > begin) parts.push_back(pattern.substr(begin, end - begin));
    begin = end + 1;
  }
  std::vector<std::string> found;
  expand_from(pattern.front() == '/' ? "/" : "", parts, 0, found);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());  // "**/**" finds a path in several ways
  return found;
}

}  // namespace ilk
