#pragma once
#include <ilk/progress.h>

#include <filesystem>
#include <optional>
#include <string>

#include "export/export_options.h"

namespace ilk {

struct ExportedFile {
  bool is_binary = false;
};
/// The file that a format writes; none for formats of folders, and for what is no format.
std::optional<ExportedFile> exported_file(const std::string& format);

/// Exports a finished run. Originals are read at most: never moved, never written. Doing it again changes
/// nothing. Throws Error for a folder that is no finished run, an unknown format or an option that the format
/// does not know, for files that cannot be written, and where none of the run's images is there.
ExportSummary export_run(const std::filesystem::path& run, const ExportOptions& options,
                         Progress& progress = silent());

}  // namespace ilk
