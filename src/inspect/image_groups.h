#pragma once
// N images.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ilk {

/// Images that belong together by pairs, transitively: groups of two or more, members in order, groups by
/// their first member.
std::vector<std::vector<std::int64_t>> connected_groups(
    std::int64_t n_images, const std::vector<std::pair<std::int64_t, std::int64_t>>& pairs);

/// When an image was taken, and by which camera, as EXIF says it.
struct TakenAt {
  std::string time;    ///< "2024:05:01 12:30:59"; empty: not known
  std::string second;  ///< digits of the second's fraction; empty: none
  std::string camera;
};

/// Images of one camera of which each was taken within `gap` seconds of the one before: groups of two or
/// more, in order of time. Images whose time is not known, or is no time, are in none.
std::vector<std::vector<std::int64_t>> bursts(const std::vector<TakenAt>& taken, double gap);

}  // namespace ilk
