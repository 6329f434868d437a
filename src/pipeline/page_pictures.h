#pragma once
#include <ilk/progress.h>

#include "pipeline/run_files.h"
#include "report/gallery.h"

namespace ilk {

/// Makes the thumbnails of a gallery whose pictures name images of the run, several at a time; one that
/// cannot be made stays empty. Sets the gallery's base_path and version, and writes the page.
void write_gallery(const std::filesystem::path& page, Gallery& gallery, const RunFiles& run,
                   Progress& progress);

}  // namespace ilk
