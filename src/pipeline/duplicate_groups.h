#pragma once
// N images.
#include <ilk/image.h>
#include <ilk/matrix.h>
#include <ilk/neighbours.h>
#include <ilk/progress.h>

#include <functional>
#include <string>
#include <vector>

#include "inspect/image_groups.h"
#include "inspect/image_quality.h"
#include "inspect/picture_print.h"

namespace ilk {

/// What is to be known of an image to find copies of it.
struct PictureFacts {
  bool readable = false;
  std::string sha256;
  std::int64_t bytes = 0, height = 0, width = 0;
  TakenAt taken;
  ImageQuality quality;
  PicturePrint print;
};

/// (N): `read` gives the bytes of an image; an ImageError makes it unreadable.
std::vector<PictureFacts> picture_facts(std::int64_t n_images,
                                        const std::function<ImageFile(std::int64_t)>& read,
                                        const DecodeOptions& options, Progress& progress);

/// Images that are copies of one another.
struct DuplicateGroup {
  std::vector<std::int64_t>
      images;                      ///< the best copy first: most pixels, sharpest, most bytes, lowest number
  std::vector<double> similarity;  ///< of each to the best; 1 for equal bytes
  bool exact = false;              ///< all are equal byte for byte
};

/// The least similarity of near-duplicates where nobody says another.
inline constexpr double usual_similarity = 0.96;

/// Groups of copies by equal bytes, and of pictures whose similarity is at least `least` among the 10 nearest
/// of each by the run's embeddings (`neighbours`, (N, k)) and by turned_alike. Groups in order of their first
/// image.
std::vector<DuplicateGroup> duplicate_groups(const std::vector<PictureFacts>& facts,
                                             const Neighbours& neighbours, double least, Progress& progress);

}  // namespace ilk
