#pragma once
// N images of a run.

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "io/embedding_cache.h"
#include "pipeline/run_directory.h"
#include "report/report.h"

namespace ilk {

/// The bytes of an image by its path and row.
using ReadImage = std::function<ImageFile(const std::string& path, std::int64_t image)>;

/// Thumbnails of a run's images, kept in the embedding cache, so that each is made once. Thread-safe.
class Thumbnails {
 public:
  Thumbnails(const RunRecord& record, ReadImage read);
  ~Thumbnails();
  Thumbnails(const Thumbnails&) = delete;
  Thumbnails& operator=(const Thumbnails&) = delete;

  /// JPEG bytes of the image in this row, within `edge` × `edge`; empty where it cannot be made.
  std::string of(std::int64_t row, std::int64_t edge);

 private:
  struct Kept {
    std::string kind;
    EmbeddingCache::BytesEntry entry;
  };
  void keep(const std::string& content, const std::string& kind, const std::string& jpeg);
  void flush();

  const RunRecord& record_;
  ReadImage read_;
  EmbeddingCache cache_;
  std::mutex mutex_;
  std::vector<Kept> new_;  // not yet in the cache
};

/// Fills in the report's pictures and what it says of all images. Of a run of up to 2,000 images the report
/// has all pictures itself; of a larger one it has the most typical, and all are written to the folder
/// report/ of the run directory, a file for each 64, several at a time. Memory is bounded by the files that
/// are at work and some numbers for each image. Throws WriteError.
void add_report_pictures(Report& report, const RunRecord& record, const std::optional<Labels>& labels,
                         const ReadImage& read, Progress& progress);

}  // namespace ilk
