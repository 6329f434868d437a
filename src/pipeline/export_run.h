#pragma once
#include <ilk/progress.h>

#include <filesystem>

#include "export/export_options.h"

namespace ilk {

/// Exports a finished run. Originals are read at most: never moved, never written. Doing it again changes
/// nothing. Throws Error for a folder that is no finished run, an unknown format or an option that the format
/// does not know, for files that cannot be written, and where none of the run's images is there.
ExportSummary export_run(const std::filesystem::path& run, const ExportOptions& options,
                         Progress& progress = silent());

}  // namespace ilk
