#pragma once
// N usable images, D embedding width.
#include <ilk/encoder.h>
#include <ilk/image.h>
#include <ilk/image_list.h>
#include <ilk/matrix.h>
#include <ilk/progress.h>

#include <cstdint>
#include <string>
#include <vector>

#include "io/embedding_cache.h"

namespace ilk {

struct EmbeddedImages {
  Matrix<float> embeddings;        ///< X (N, D), rows of unit length
  std::vector<std::string> paths;  ///< the N usable files, in the order of the list
  std::vector<std::int64_t> rows;  ///< the place of each in the list; empty: all of it, in order
  std::vector<SkippedFile>
      skipped;                  ///< those of the list and those that could not be decoded, in order of path
  std::int64_t encoded = 0;     ///< images that the model saw now
  std::int64_t from_cache = 0;  ///< images whose embedding was kept from before
  std::int64_t repeated = 0;    ///< images with the same bytes as an earlier one, encoded once
};

/// Reads, decodes and encodes the images of a list; several at a time, each thread decoding and encoding its
/// own few, so that all cores are busy and memory does not grow with N beyond X. What is encoded goes to the
/// cache at once, so that a run that is stopped or killed goes on where it was. A file that cannot be used is
/// skipped with its reason. Embeddings do not depend on threads, on the order of work, or on what came from
/// the cache.
///
/// Throws Error where no image is usable; Stopped on request.
EmbeddedImages embed_images(const ImageTextEncoder& encoder, const ImageList& list,
                            const DecodeOptions& options, EmbeddingCache& cache,
                            Progress& progress = silent());

}  // namespace ilk
