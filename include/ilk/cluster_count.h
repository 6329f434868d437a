#pragma once
// How many clusters are asked for.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// A number of clusters; or a range that the best number is to be chosen from (choose_cluster_count); or
/// several numbers, of which the largest is made and merged to the others, so that clusters are nested.
class ClusterCount {
 public:
  ClusterCount() = default;                       // auto
  ClusterCount(std::int64_t number);              // implicit, so that options may say `.n_clusters = 12`
  static ClusterCount automatic() { return {}; }  ///< 2 to 40
  static ClusterCount between(std::int64_t smallest, std::int64_t largest);

  /// Nested clusters: as many as each of the numbers, which may come in any order and more than once.
  static ClusterCount nested(std::vector<std::int64_t> numbers);

  /// The number that is to be made, where it is known: of several, the largest.
  std::optional<std::int64_t> number() const;
  /// Of nested clusters, the numbers above the largest, ascending; else empty.
  const std::vector<std::int64_t>& upper() const { return upper_; }
  std::int64_t smallest() const { return smallest_; }
  std::int64_t largest() const { return largest_; }

  /// "12", "5..60", "5,20,80" or "auto", as `parse` reads it.
  std::string text() const;
  /// Nothing where the text is none of these, or a range ends before it begins.
  static std::optional<ClusterCount> parse(std::string_view text);
  /// What `parse` takes, for help and errors.
  static constexpr std::string_view allowed =
      "a number, auto, a range such as 5..10, or several such as 5,20,80";

  bool operator==(const ClusterCount& other) const = default;

 private:
  enum class Kind { automatic, number, range };
  Kind kind_ = Kind::automatic;
  std::int64_t smallest_ = 2, largest_ = 40;
  std::vector<std::int64_t> upper_;
};

}  // namespace ilk
