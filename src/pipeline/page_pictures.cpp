#include "pipeline/page_pictures.h"

#include <ilk/image.h>
#include <ilk/version.h>

#include "core/parallel.h"
#include "io/files.h"

namespace ilk {
namespace {

constexpr std::int64_t thumbnail_edge = 224;

}  // namespace

void write_gallery(const std::filesystem::path& page, Gallery& gallery, const RunFiles& run,
                   Progress& progress) {
  std::vector<Gallery::Picture*> pictures;
  for (auto& section : gallery.sections)
    for (auto& group : section.groups)
      for (auto& picture : group) pictures.push_back(&picture);
  if (run.has_files()) {
    const auto n = static_cast<std::int64_t>(pictures.size());
    progress.start("Drawing the page", n, "pictures");
    parallel_blocks(n, 4, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      for (std::int64_t i = begin; i < end; ++i) {
        progress.check_stop();
        auto& picture = *pictures[static_cast<std::size_t>(i)];
        try {
          picture.thumbnail_jpeg = make_thumbnail(read_image_file(run.file(picture.path).string()),
                                                  thumbnail_edge, run.options().images);
        } catch (const ImageError&) {
          // It went away since; the page shows its name.
        }
      }
      progress.advance(end - begin);
    });
    progress.finish();
  }
  // Links are as seen from the page.
  for (auto* picture : pictures) picture->path = run.file(picture->path).string();
  gallery.program_version = ILK_VERSION;
  write_file_atomically(page, render_gallery(gallery));
}

}  // namespace ilk
