#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ilk {

/// A set of synonymous nouns of WordNet with what it means. Its texts and lists last as long as the WordNet,
/// or a copy of it.
struct Synset {
  std::int64_t offset = 0;                   ///< its byte offset in data.noun, which names it
  std::span<const std::string_view> lemmas;  ///< with spaces for underscores, as spelled in data.noun
  std::string_view definition;               ///< the gloss without its examples and whom they are quoted from
  std::span<const std::string_view> examples;  ///< sentences in quotation marks in the gloss
  std::span<const std::int32_t> hypernyms;     ///< indices into WordNet::synsets, instance hypernyms too
  bool is_instance = false;                    ///< one of its kind, as New York is a city
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

  const std::vector<Synset>& synsets() const;
  /// Every distinct noun, in index.noun's order, with spaces for underscores, as its most frequent sense
  /// spells it in data.noun (so "turkey" the bird, not "Turkey").
  std::vector<std::string> nouns() const;
  /// The synsets of a noun, most frequent sense first; case and underscores do not matter. Empty where
  /// unknown.
  std::span<const std::int32_t> senses(std::string_view noun) const;
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
  struct Contents;
  std::shared_ptr<const Contents> contents_;  // texts and lists that synsets point into: copies share them
};

}  // namespace ilk
