#pragma once
// P words of a criterion: what images are to be grouped by.
#include <ilk/wordnet.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/corpus.h"

namespace ilk {

/// A criterion as `--by` takes it, and its words.
struct Criterion {
  std::string name;                        ///< of its folder: "colour", "color.n.6", "words" of words.txt
  std::string meaning;                     ///< where the words are from, for people
  std::optional<std::int64_t> n_clusters;  ///< where it was asked for: colour=6
  Corpus words;                            ///< with WordNet's definitions as notes, where they are from there
};

/// Reads "colour,place=4,words.txt": criteria divided by commas, each with the number of its clusters behind
/// an equals sign, if it has its own.
///
/// A criterion is a file of words, one a line, or a noun of WordNet, whose words are those below it (its
/// hyponyms, not instances such as cities), of each synset the word that people use; rare words (that are
/// not in WordNet's tagged texts) only where there are fewer than three others. Of a noun's senses the most
/// frequent is meant, unless one is named: "color.n.6", or "color:material", by a part of its definition.
/// For colour, place and activity, whose words are not what one sees in pictures, ilk knows better ones.
///
/// `wordnet` may be null where files alone are named. Throws Error for a noun that WordNet does not know, for
/// one with fewer than two words below it, which lists its senses, and for two criteria of one name.
std::vector<Criterion> read_criteria(std::string_view text, const WordNet* wordnet);

/// Whether one of them needs WordNet.
bool needs_wordnet(std::string_view criteria);

}  // namespace ilk
