#pragma once
// Images that are put into folders of their own, as copies or links, and can be taken out again.
#include <ilk/progress.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "export/export_options.h"

namespace ilk {

/// An image and where it goes: `target` is relative to the output folder.
struct PlacedFile {
  std::string path;                ///< as the run calls it
  std::filesystem::path original;  ///< absolute
  std::filesystem::path target;
};

/// A name that every file system takes: no separators, control characters or any of <>:"|?*\; no dot at the
/// beginning, no dot or space at the end, no more than 100 bytes, never empty.
std::string safe_file_name(std::string_view name);

/// A folder name for each of K cluster names; of several that are equal (letter case apart), the later ones
/// end in their number. `numbered` puts the number before all of them.
std::vector<std::string> folder_names(const std::vector<std::string>& names, bool numbered);

/// Puts the files where they go below options.output and notes them in its ilk-export.json. A target whose
/// name is taken, by another of the files or by somebody else's, becomes "name (2).jpg" and so on. What an
/// earlier export put there and is not wanted any more is removed, unless it was changed since: then it
/// stays, with a notice. Nothing else is removed or replaced. With options.undo all that was put there goes.
ExportSummary place_files(const std::vector<PlacedFile>& files, const ExportOptions& options,
                          Progress& progress);

}  // namespace ilk
