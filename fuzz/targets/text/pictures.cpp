// What ilk itself reads of pictures; libvips decodes the rest.
#include <ilk/error.h>
#include <ilk/image.h>

#include "../../fuzz_target.h"
#include "io/bare_picture.h"
#include "io/foreign_content.h"
#include "io/image_format.h"
#include "io/tiff_head.h"

namespace {
void check(ilk::ImageSize size) {
  if (size.height > 512 || size.width > 512) throw ilk::ImageError("too large", "for a test");
}
}  // namespace

ILK_FUZZ(image_head) {
  ilk::foreign_content(bytes);
  ilk::recognise_content(bytes);
  const ilk::TiffHead head = ilk::read_tiff_head(bytes);
  head.colours();
  head.alpha();
  ilk::require_known_samples(head);
}

ILK_FUZZ(bitmap) {
  ilk::read_bitmap(bytes, check);
}

ILK_FUZZ(pixmap) {
  ilk::read_pixmap(bytes, check);
}
