#pragma once
// What `ilk view` answers, without the protocol.

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/edit_run.h"
#include "pipeline/run_files.h"

namespace ilk {

/// The function of all its errors.
inline constexpr std::string_view in_view = "view";

/// A finished run as a site. Thread-safe.
class RunSite {
 public:
  /// Throws Error where the folder holds no finished run with a report.
  explicit RunSite(const std::filesystem::path& run);

  struct Answer {
    std::string body, type;
  };
  /// report.html
  Answer page() const;
  /// A file beside the page, by the parts of its address that are not fixed: kind "index", "pictures",
  /// "names" or "inspection", and a number. Nothing where it is not there.
  std::optional<Answer> data(std::string_view kind, std::int64_t number) const;
  /// The bytes of the original in a row of assignments.csv; nothing where there is none, or what is there is
  /// no image.
  std::optional<Answer> original(std::int64_t row) const;
  /// The clusters as they are now, as JSON.
  Answer state() const;
  /// Makes an edit that a page asked for, in JSON: kind, cluster, clusters, names, rows, parts; kind "undo"
  /// takes the last one back. Returns the state with `changes`. Throws Error for what edit_run refuses.
  Answer edit(const std::string& request);

 private:
  Answer state(const std::vector<std::string>& changes) const;
  RunFiles files_;
  std::vector<std::string> paths_;  // (N)
  mutable std::mutex mutex_;        // while clusters.json and assignments.csv are read or written
};

}  // namespace ilk
