#include <ilk/cluster_count.h>

#include <algorithm>
#include <charconv>

#include "core/fail.h"

namespace ilk {
namespace {

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

}  // namespace

ClusterCount::ClusterCount(std::int64_t number) : kind_(Kind::number), smallest_(number), largest_(number) {
  require(number >= 1, "ClusterCount", "the number of clusters must be at least 1, got ", number, ".");
}

ClusterCount ClusterCount::between(std::int64_t smallest, std::int64_t largest) {
  require(1 <= smallest && smallest <= largest, "ClusterCount",
          "a range of numbers of clusters must begin at 1 or more and end no earlier, got ", smallest, "..",
          largest, ".");
  ClusterCount count;
  count.kind_ = Kind::range;
  count.smallest_ = smallest;
  count.largest_ = largest;
  return count;
}

ClusterCount ClusterCount::nested(std::vector<std::int64_t> numbers) {
  require(!numbers.empty(), "ClusterCount", "nested clusters need at least one number, got none.");
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  require(numbers.front() >= 1, "ClusterCount", "the numbers of clusters must be at least 1, got ",
          numbers.front(), ".");
  ClusterCount count(numbers.back());
  numbers.pop_back();
  count.upper_ = std::move(numbers);
  return count;
}

std::optional<std::int64_t> ClusterCount::number() const {
  if (kind_ != Kind::number) return std::nullopt;
  return smallest_;
}

std::string ClusterCount::text() const {
  if (kind_ == Kind::automatic) return "auto";
  std::string above;
  for (const std::int64_t number : upper_) above += std::to_string(number) + ",";
  if (kind_ == Kind::number) return above + std::to_string(largest_);
  return std::to_string(smallest_) + ".." + std::to_string(largest_);
}

std::optional<ClusterCount> ClusterCount::parse(std::string_view text) {
  if (text == "auto") return automatic();
  if (text.find(',') != std::string_view::npos) {
    std::vector<std::int64_t> numbers;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      const auto number = parse_number(text.substr(begin, end - begin));
      if (!number) return std::nullopt;
      numbers.push_back(*number);
      begin = end + 1;
    }
    return nested(std::move(numbers));
  }
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) {
    const auto number = parse_number(text);
    return number ? std::optional(ClusterCount(*number)) : std::nullopt;
  }
  const auto smallest = parse_number(text.substr(0, dots)), largest = parse_number(text.substr(dots + 2));
  if (!smallest || !largest || *smallest > *largest) return std::nullopt;
  return *smallest == *largest ? ClusterCount(*smallest) : between(*smallest, *largest);
}

}  // namespace ilk
