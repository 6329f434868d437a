#pragma once
#include <ilk/clip.h>
#include <ilk/corpus.h>
#include <ilk/run.h>
#include <ilk/wordnet.h>

#include <optional>

namespace ilk {

/// The words that a run uses, read but not yet embedded.
struct Vocabulary {
  Corpus nouns;
  Corpus captions;
  std::vector<std::string> templates;
  std::optional<WordNet>
      wordnet;  ///< for hypernyms in naming; absent where it is not installed and not needed
};

/// The user's lists, else the model's own (nouns.txt, captions.txt in its directory), else WordNet.
/// Throws Error that says what to install or to name where WordNet is needed and absent.
Vocabulary read_vocabulary(const std::filesystem::path& model_directory, const RunOptions& options);

}  // namespace ilk
