#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ilk {

/// A set of synonymous nouns of WordNet with what it means.
struct Synset {
  std::int64_t offset = 0;              ///< its byte offset in data.noun, which names it
  std::vector<std::string> lemmas;      ///< with spaces for underscores, as spelled in data.noun
  std::string definition;               ///< the gloss without its examples and whom they are quoted from
  std::vector<std::string> examples;    ///< sentences in quotation marks in the gloss
  std::vector<std::int32_t> hypernyms;  ///< indices into WordNet::synsets, instance hypernyms too
  bool is_instance = false;             ///< one of its kind, as New York is a city
};

/// The nouns of WordNet 3.0 (data.noun and index.noun as Debian's wordnet-base ships them; format:
/// wndb(5WN)).
class WordNet {
 public:
  /// Reads the two files of `directory`. Throws Error naming file and line for anything that is not of the
  /// format.
  explicit WordNet(const std::filesystem::path& directory);
  /// The first folder that holds data.noun: $WNSEARCHDIR, $WNHOME/dict, /usr/share/wordnet, the usual others.
  static std::optional<std::filesystem::path> find();

  const std::vector<Synset>& synsets() const { return synsets_; }
  /// Every distinct noun, in index.noun's order, with spaces for underscores, as its most frequent sense
  /// spells it in data.noun (so "turkey" the bird, not "Turkey").
  const std::vector<std::string>& nouns() const { return nouns_; }
  /// The synsets of a noun, most frequent sense first; case and underscores do not matter. Empty where
  /// unknown.
  const std::vector<std::int32_t>& senses(std::string_view noun) const;
  /// Whether the noun occurs with this sense in the texts whose words WordNet's makers tagged with senses: a
  /// word that people use ("fish"), and not one that only taxonomists do ("aquatic vertebrate").
  bool is_familiar(std::string_view noun, std::int32_t synset) const;
  /// From the synset up to the root by first hypernyms, the synset itself not included.
  std::vector<std::int32_t> hypernym_path(std::int32_t synset) const;
  /// Every synset above, by any path, with the least number of steps; ascending steps.
  std::vector<std::pair<std::int32_t, int>> ancestors(std::int32_t synset) const;
  /// All definitions and examples, each once, in file order: the default caption corpus.
  std::vector<std::string> sentences() const;

 private:
  std::vector<Synset> synsets_;
  std::vector<std::string> nouns_;
  struct Senses {
    std::vector<std::int32_t> synsets;  // most frequent first
    std::int64_t n_tagged = 0;          // the first so many occur in tagged texts
  };
  std::unordered_map<std::string, Senses> senses_;  // by lower-case noun
};

}  // namespace ilk
