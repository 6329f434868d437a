#include "vocabulary.h"

#include <ilk/error.h>

namespace ilk {
namespace {

const WordNet& required(const std::optional<WordNet>& wordnet, std::string_view what) {
  if (!wordnet)
    fail("read_vocabulary", what,
         " default to WordNet's, which was not found. Install it (Debian: wordnet-base), name its folder "
         "with ",
         "--wordnet, or give a list with --nouns and --captions-corpus.");
  return *wordnet;
}

}  // namespace

Vocabulary read_vocabulary(const std::filesystem::path& model_directory, const RunOptions& options) {
  Vocabulary vocabulary;
  if (!options.wordnet.empty()) {
    vocabulary.wordnet.emplace(options.wordnet);
  } else if (const auto found = WordNet::find()) {
    vocabulary.wordnet.emplace(*found);
  }
  // WordNet asked for by name goes before the model's own list.
  const auto own = [&](const char* file) {
    const auto path = model_directory / file;
    return options.wordnet.empty() && std::filesystem::exists(path) ? std::optional(path) : std::nullopt;
  };
  if (!options.nouns.empty()) {
    vocabulary.nouns = read_nouns(options.nouns);
  } else if (const auto path = own("nouns.txt")) {
    vocabulary.nouns = read_nouns(*path);
  } else {
    vocabulary.nouns = make_corpus("WordNet 3.0 nouns", required(vocabulary.wordnet, "Nouns").nouns());
  }
  if (!options.captions_corpus.empty()) {
    vocabulary.captions = read_captions(options.captions_corpus);
  } else if (const auto path = own("captions.txt")) {
    vocabulary.captions = read_captions(*path);
  } else {
    vocabulary.captions = make_corpus("WordNet 3.0 definitions and examples",
                                      required(vocabulary.wordnet, "Captions").sentences());
  }
  vocabulary.templates = options.templates.empty() ? default_templates() : read_templates(options.templates);
  return vocabulary;
}

}  // namespace ilk
