#pragma once
#include <ilk/wordnet.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// What nouns that differ in case, hyphens, spaces, full stops, apostrophes or plural only have in common.
std::string normal_form(std::string_view noun);

/// Whether a word is of digits, or a single letter or sign: a name of last resort.
bool is_bare(std::string_view word);

/// Nouns that count as one.
struct Concept {
  std::vector<std::int64_t> nouns;  ///< indices, ascending; none of a hypernym that is not among the nouns
  std::string word;                 ///< what a person would say: familiar, in its main sense
  std::int64_t synset = -1;         ///< sense of the first noun that has one
  bool physical = true;             ///< a physical entity, or not known to WordNet
  bool familiar = true;             ///< `word` occurs in WordNet's tagged texts, or is not known to WordNet
  bool general = false;  ///< part of WordNet's frame, as "instrumentality": says nothing to a person
  bool bare = false;     ///< all its nouns are
  /// The concept itself and all that it is a kind of, ascending.
  std::vector<std::int64_t> kinds_of;
};

/// The nouns' concepts, in the order of their first nouns; then, `with_hypernyms`, all that is above them in
/// WordNet, in its order. `definitions` is empty or says which sense of each noun is meant (else its most
/// frequent one); `wordnet` may be null.
std::vector<Concept> make_concepts(const std::vector<std::string>& nouns,
                                   const std::vector<std::string>& definitions, const WordNet* wordnet,
                                   bool with_hypernyms = false);

/// Whether one of two concepts is a kind of the other.
bool are_related(const std::vector<Concept>& concepts, std::int64_t a, std::int64_t b);

}  // namespace ilk
