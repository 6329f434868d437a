#pragma once
// N usable images, D embedding width.
#include <ilk/embed.h>

#include "io/embedding_cache.h"

namespace ilk {

/// As the public embed_images. What is encoded goes to the cache at once, so that a run that is stopped or
/// killed continues where it was; embeddings do not depend on what came from the cache.
EmbeddedImages embed_images(const ImageTextEncoder& encoder, const ImageList& list,
                            const DecodeOptions& options, EmbeddingCache& cache,
                            Progress& progress = silent());

}  // namespace ilk
