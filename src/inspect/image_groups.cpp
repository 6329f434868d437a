#include "inspect/image_groups.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>

namespace ilk {
namespace {

std::optional<std::int64_t> number(const std::string& text, std::size_t begin, std::size_t length) {
  if (begin + length > text.size()) return std::nullopt;
  std::int64_t value = 0;
  const char* first = text.data() + begin;
  const auto [end, error] = std::from_chars(first, first + length, value);
  if (error != std::errc() || end != first + length || value < 0) return std::nullopt;
  return value;
}

/// Days since 1 March of year 0 in the Gregorian calendar.
std::int64_t day_number(std::int64_t year, std::int64_t month, std::int64_t day) {
  const std::int64_t y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
  return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
}

/// Seconds since some moment; none where the text is no time, such as a camera without a clock writes.
std::optional<double> seconds_of(const TakenAt& taken) {
  const std::string& t = taken.time;
  const auto year = number(t, 0, 4), month = number(t, 5, 2), day = number(t, 8, 2), hour = number(t, 11, 2),
             minute = number(t, 14, 2), second = number(t, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (*year == 0 || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  double fraction = 0, place = 0.1;
  for (const char c : taken.second) {
    if (c < '0' || c > '9') break;
    fraction += (c - '0') * place;
    place /= 10;
  }
  return static_cast<double>(((day_number(*year, *month, *day) * 24 + *hour) * 60 + *minute) * 60 + *second) +
         fraction;
}

}  // namespace

std::vector<std::vector<std::int64_t>> connected_groups(
    std::int64_t n_images, const std::vector<std::pair<std::int64_t, std::int64_t>>& pairs) {
  std::vector<std::int64_t> parent(static_cast<std::size_t>(n_images));
  std::iota(parent.begin(), parent.end(), std::int64_t{0});
  const auto root = [&](std::int64_t image) {
    while (parent[static_cast<std::size_t>(image)] != image) {
      auto& up = parent[static_cast<std::size_t>(image)];
      up = parent[static_cast<std::size_t>(up)];
      image = up;
    }
    return image;
  };
  for (const auto& [a, b] : pairs) {
    const std::int64_t first = root(a), second = root(b);
    // The lower one stays the root, so that groups come in order of their first member.
    parent[static_cast<std::size_t>(std::max(first, second))] = std::min(first, second);
  }
  std::map<std::int64_t, std::vector<std::int64_t>> members;
  for (std::int64_t image = 0; image < n_images; ++image) members[root(image)].push_back(image);
  std::vector<std::vector<std::int64_t>> groups;
  for (auto& [first, group] : members)
    if (group.size() > 1) groups.push_back(std::move(group));
  return groups;
}

std::vector<std::vector<std::int64_t>> bursts(const std::vector<TakenAt>& taken, double gap) {
  struct Shot {
    std::string camera;
    double seconds;
    std::int64_t image;
    bool operator<(const Shot& other) const {
      return std::tie(camera, seconds, image) < std::tie(other.camera, other.seconds, other.image);
    }
  };
  std::vector<Shot> shots;
  for (std::size_t i = 0; i < taken.size(); ++i)
    if (const auto seconds = seconds_of(taken[i]))
      shots.push_back({taken[i].camera, *seconds, static_cast<std::int64_t>(i)});
  std::sort(shots.begin(), shots.end());
  std::vector<std::vector<std::int64_t>> groups;
  for (std::size_t begin = 0; begin < shots.size();) {
    std::size_t end = begin + 1;
    while (end < shots.size() && shots[end].camera == shots[begin].camera &&
           shots[end].seconds - shots[end - 1].seconds <= gap)
      ++end;
    if (end - begin > 1) {
      auto& group = groups.emplace_back();
      for (std::size_t i = begin; i < end; ++i) group.push_back(shots[i].image);
    }
    begin = end;
  }
  return groups;
}

}  // namespace ilk
