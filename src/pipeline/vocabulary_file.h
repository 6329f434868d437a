#pragma once
// P nouns, D width of the model.
#include <ilk/matrix.h>

#include <filesystem>

#include "pipeline/noun_vocabulary.h"
#include "text/corpus.h"

namespace ilk {

/// A file that build_vocabulary wrote: its header is checked when it is opened, its numbers against their
/// digest when they are read. Throws Error naming file and rule.
class VocabularyFile {
 public:
  explicit VocabularyFile(const std::filesystem::path& path);
  /// Told by the name, so that a list of nouns is never opened for it.
  static bool is_one(const std::filesystem::path& path) { return path.extension() == ".safetensors"; }

  const VocabularyFacts& facts() const { return facts_; }
  const Corpus& nouns() const { return nouns_; }
  Matrix<float> features() const;  ///< (P, D), rows of unit length

 private:
  std::filesystem::path path_;
  VocabularyFacts facts_;
  Corpus nouns_;
};

}  // namespace ilk
