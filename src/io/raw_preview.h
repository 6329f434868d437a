#pragma once
#include <string>
#include <string_view>

namespace ilk {

/// The picture that a camera puts into its raw files to show on its screen.
struct RawPreview {
  std::string bytes;    ///< an image file: JPEG, or PNG where the raw file holds bare pixels
  int orientation = 1;  ///< how to turn it (EXIF, 1 … 8), where the image file itself says nothing
};

/// Takes the preview out of a raw file (CR2, CR3, NEF, ARW, DNG, RAF, ORF, RW2, … whatever LibRaw reads)
/// without developing its pixels. Thread-safe. Throws ImageError: "unsupported format" (a camera that LibRaw
/// does not know, a file without a preview, an ilk built without LibRaw), "damaged".
RawPreview raw_preview(std::string_view bytes);

}  // namespace ilk
