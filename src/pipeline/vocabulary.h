#pragma once
#include <ilk/cae.h>
#include <ilk/encoder.h>
#include <ilk/run.h>
#include <ilk/wordnet.h>

#include <functional>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/noun_vocabulary.h"
#include "pipeline/vocabulary_file.h"
#include "text/corpus.h"

namespace ilk {

/// One kind of text (nouns or captions): what was offered, and what was chosen of it.
struct Words {
  Corpus corpus;
  /// Their features (P, D) float32, rows of unit length. Made or read when asked for, so that no more than
  /// one kind is held at a time.
  std::function<Matrix<float>()> features;
  SemanticSpace space;
  std::vector<std::string> chosen() const;  ///< the texts of `space.selected`
};

/// The words that a run uses. A kind is absent where features come from files and there are none of it.
struct Vocabulary {
  std::optional<Words> nouns;
  std::optional<Words> captions;
  std::vector<std::string> templates;  ///< that nouns are written in; empty where features come from files
  /// For hypernyms in naming. It is read on a thread of its own; null where it is not installed and not
  /// needed.
  const WordNet* wordnet() const;
  std::shared_future<std::optional<WordNet>> reading_wordnet;
};

/// WordNet from the folder that the options name, else from where it is usually installed, if it is.
std::optional<WordNet> open_wordnet(const RunOptions& options);

/// The same, read while other work goes on. A folder that the options name is read at once, so that what is
/// wrong with it is said before anything else is done.
std::shared_future<std::optional<WordNet>> begin_reading_wordnet(const RunOptions& options);

/// The nouns' file where it is one of build_vocabulary, whose templates must not be contradicted.
std::optional<VocabularyFile> open_noun_vocabulary(const RunOptions& options);

/// The user's lists, else those that come with the model, else WordNet. A model's directory may hold
/// nouns.txt, captions.txt, templates.txt, and nouns.safetensors: its nouns with their features, as
/// build_vocabulary makes them. A model that brings nouns and no captions is used without captions. Features
/// are there where they were in a file. Throws Error that says what to install or to name where WordNet is
/// needed and absent.
Vocabulary read_vocabulary(const ImageTextEncoder& encoder, const RunOptions& options);

}  // namespace ilk
