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
  std::vector<std::int64_t> nouns;  ///< indices, ascending
  std::int64_t synset = -1;         ///< most frequent sense of the first noun that has one
  bool physical = true;             ///< a physical entity, or not known to WordNet
  bool bare = false;                ///< all its nouns are
};

/// The nouns' concepts, in the order of their first nouns. `wordnet` may be null.
std::vector<Concept> make_concepts(const std::vector<std::string>& nouns, const WordNet* wordnet);

/// Which places (one for each concept, then those of other synsets) a concept's mass counts for.
struct Upward {
  std::int64_t place = 0;
  double factor = 1;  ///< 0.7 for each step up
};
struct Hierarchy {
  std::vector<std::vector<Upward>>
      above;  ///< for each concept: itself first, then what is above it, nearest first
  std::int64_t n_places = 0;
};
Hierarchy make_hierarchy(const std::vector<Concept>& concepts, const WordNet* wordnet);

}  // namespace ilk
