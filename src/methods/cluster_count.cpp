#include <ilk/cluster_count.h>
#include <ilk/error.h>

#include <charconv>

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

std::optional<std::int64_t> ClusterCount::number() const {
  if (kind_ != Kind::number) return std::nullopt;
  return smallest_;
}

std::string ClusterCount::text() const {
  if (kind_ == Kind::automatic) return "auto";
  if (kind_ == Kind::number) return std::to_string(smallest_);
  return std::to_string(smallest_) + ".." + std::to_string(largest_);
}

std::optional<ClusterCount> ClusterCount::parse(std::string_view text) {
  if (text == "auto") return automatic();
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
