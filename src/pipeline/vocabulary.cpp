#include "pipeline/vocabulary.h"

#include "core/fail.h"
#include "pipeline/vocabulary_file.h"

namespace ilk {
namespace {

const WordNet& required(const WordNet* wordnet, std::string_view what) {
  if (!wordnet)
    fail("read_vocabulary", what,
         " default to WordNet's, which was not found. Install it (Debian: wordnet-base), name its folder "
         "with ",
         "--wordnet, or give a list with --nouns and --captions-corpus.");
  return *wordnet;
}

}  // namespace

std::vector<std::string> Words::chosen() const {
  std::vector<std::string> texts;
  texts.reserve(space.selected.size());
  for (const std::int64_t row : space.selected) texts.push_back(corpus.texts[static_cast<std::size_t>(row)]);
  return texts;
}

const WordNet* Vocabulary::wordnet() const {
  if (!reading_wordnet.valid()) return nullptr;
  const std::optional<WordNet>& read = reading_wordnet.get();
  return read ? &*read : nullptr;
}

std::optional<WordNet> open_wordnet(const RunOptions& options) {
  if (!options.wordnet.empty()) return WordNet(options.wordnet);
  const auto found = WordNet::find();
  return found ? std::optional<WordNet>(*found) : std::nullopt;
}

std::shared_future<std::optional<WordNet>> begin_reading_wordnet(const RunOptions& options) {
  // Where no thread can be had it is read by whoever asks first.
  auto reading = std::async(std::launch::async | std::launch::deferred, open_wordnet, options).share();
  if (!options.wordnet.empty()) (void)reading.get();
  return reading;
}

std::optional<VocabularyFile> open_noun_vocabulary(const RunOptions& options) {
  if (!VocabularyFile::is_one(options.nouns)) return std::nullopt;
  VocabularyFile file(options.nouns);
  require(options.templates.empty() || read_templates(options.templates) == file.facts().templates,
          "read_vocabulary", "templates must be those that ", options.nouns, " was made with, got '",
          options.templates, "'.");
  return file;
}

Vocabulary read_vocabulary(const ImageTextEncoder& encoder, const RunOptions& options) {
  Vocabulary vocabulary{.reading_wordnet = begin_reading_wordnet(options)};
  // WordNet asked for by name goes before the model's own list.
  const auto own = [&](const char* file) {
    const auto path = encoder.directory() / file;
    return options.wordnet.empty() && std::filesystem::exists(path) ? std::optional(path) : std::nullopt;
  };
  std::optional<VocabularyFile> made = open_noun_vocabulary(options);
  if (const auto path = own("nouns.safetensors"); path && options.nouns.empty() && options.templates.empty())
    // Of other weights it is of no use: the nouns are encoded then.
    if (VocabularyFile file(*path); file.facts().model_fingerprint == encoder.fingerprint()) made = file;
  const auto nouns = [&] {
    if (made) return made->nouns();
    if (!options.nouns.empty()) return read_nouns(options.nouns);
    if (const auto path = own("nouns.txt")) return read_nouns(*path);
    return make_corpus("WordNet 3.0 nouns", required(vocabulary.wordnet(), "Nouns").nouns());
  };
  const auto captions = [&]() -> std::optional<Words> {
    if (!options.captions_corpus.empty()) return Words{.corpus = read_captions(options.captions_corpus)};
    if (const auto path = own("captions.txt")) return Words{.corpus = read_captions(*path)};
    if (own("nouns.txt")) return std::nullopt;
    return Words{.corpus = make_corpus("WordNet 3.0 definitions and examples",
                                       required(vocabulary.wordnet(), "Captions").sentences())};
  };
  vocabulary.nouns = Words{.corpus = nouns()};
  // The features' file holds no definitions; the list beside it does.
  if (const auto path = own("nouns.txt"); path && made && options.nouns.empty()) {
    Corpus listed = read_nouns(*path);
    if (listed.sha256 == vocabulary.nouns->corpus.sha256)
      vocabulary.nouns->corpus.notes = std::move(listed.notes);
  }
  vocabulary.captions = captions();
  if (made) {
    vocabulary.nouns->features = [file = *made] { return file.features(); };
    vocabulary.templates = made->facts().templates;
  } else if (!options.templates.empty()) {
    vocabulary.templates = read_templates(options.templates);
  } else {
    const auto path = own("templates.txt");
    vocabulary.templates = path ? read_templates(*path) : default_templates();
  }
  return vocabulary;
}

}  // namespace ilk
