#pragma once
// P texts, D width of the encoder.
#include <ilk/encoder.h>
#include <ilk/progress.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "text/corpus.h"

namespace ilk {

struct TextFeatures {
  Matrix<float> features;  ///< (P, D), rows of unit length
  bool from_cache = false;
  std::string
      notice;  ///< a damaged cache that was rebuilt, or one that could not be written; empty otherwise
};

/// Embeds each text of the corpus: written into each template, the embeddings averaged and normalised (no
/// template: the text as it is). Kept below `cache` (an empty path: not kept) per model, corpus and
/// templates, as safetensors, written atomically and checked on load; a damaged file is rebuilt and reported.
/// Stopped on request, at most 256 texts later; every 1,024 texts are kept as they are done, so that the next
/// call goes on there. From the cache, `progress` hears nothing.
TextFeatures embed_corpus(const TextEncoder& encoder, const Corpus& corpus,
                          const std::vector<std::string>& templates, const std::filesystem::path& cache,
                          std::string_view stage, Progress& progress = silent());

}  // namespace ilk
