#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

namespace ilk {

/// How the embeddings of a text's tokens become one.
enum class Pooling { mean, first, maximum };

/// What sentence-transformers' files say beside the model's own.
struct SentenceConfig {
  std::filesystem::path directory;  ///< of the transformer
  Pooling pooling = Pooling::mean;
  std::int64_t longest = 0;                  ///< tokens of a text; 0: as many as the model takes
  bool lower_case = false;                   ///< before the tokenizer
  std::vector<std::filesystem::path> files;  ///< that were read
};

/// Reads modules.json, the pooling's config.json, sentence_bert_config.json and tokenizer_config.json, as far
/// as they are there. Throws Error naming file, key and value.
SentenceConfig read_sentence_config(const std::filesystem::path& directory);

}  // namespace ilk
