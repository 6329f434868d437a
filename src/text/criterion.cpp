#include "text/criterion.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>
#include <tuple>
#include <unordered_map>

#include "core/fail.h"
#include "io/strings.h"

namespace ilk {
namespace {

constexpr std::string_view in_by = "by";
constexpr std::size_t enough_words = 3;

/// What is meant of a picture; several concepts, and whether only what is directly below them counts.
struct Meaning {
  std::string_view word;
  std::array<std::string_view, 6> concepts;
  bool direct = false;
};
constexpr std::array<Meaning, 4> meanings = {{
    {"colour", {"chromatic color.n.1", "achromatic color.n.1"}, true},
    {"color", {"chromatic color.n.1", "achromatic color.n.1"}, true},
    {"place",
     {"geological formation.n.1", "body of water.n.1", "tract.n.1", "road.n.1", "building.n.1", "room.n.1"}},
    {"activity", {"diversion.n.1", "locomotion.n.2", "ceremony.n.1", "cooking.n.1", "eating.n.1"}},
}};

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto part = trimmed(text.substr(begin, end - begin));
    require(!part.empty(), in_by, "a criterion must be a noun or a file of words, got '", text, "'.");
    parts.emplace_back(part);
    begin = end + 1;
  }
  return parts;
}

bool is_file(const std::string& name) {
  std::error_code error;
  return name.find('/') != std::string::npos || name.ends_with(".txt") ||
         std::filesystem::is_regular_file(name, error);
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Splits a number of clusters off the end.
std::optional<std::int64_t> take_number(std::string& name) {
  const std::size_t equals = name.rfind('=');
  if (equals == std::string::npos) return std::nullopt;
  const auto number = number_in(std::string_view(name).substr(equals + 1));
  require(number && *number >= 1, in_by, "a criterion's number of clusters must be at least 1, got '", name,
          "'.");
  name.resize(equals);
  return number;
}

class Concepts {
 public:
  explicit Concepts(const WordNet& wordnet) : wordnet_(wordnet) {
    const auto& synsets = wordnet.synsets();
    for (std::size_t s = 0; s < synsets.size(); ++s)
      for (const std::int32_t above : synsets[s].hypernyms)
        below_[above].push_back(static_cast<std::int32_t>(s));
  }

  /// "color.n.6" or "color:material" or "color".
  std::int32_t sense(const std::string& text) const {
    const std::size_t colon = text.find(':');
    std::string noun = text.substr(0, colon);
    std::optional<std::int64_t> number;
    if (const std::size_t dot = noun.rfind('.'); dot != std::string::npos) {
      number = number_in(std::string_view(noun).substr(dot + 1));
      if (number) noun.resize(dot);
      if (number && noun.ends_with(".n")) noun.resize(noun.size() - 2);
    }
    const auto senses = wordnet_.senses(noun);
    require(!senses.empty(), in_by, "WordNet knows no noun '", noun,
            "'; a criterion must be a noun or a file of words.");
    if (colon == std::string::npos && !number) return senses.front();
    if (number) {
      require(*number >= 1 && *number <= std::ssize(senses), in_by, "'", noun, "' has no sense ", *number,
              "; ", senses_of(noun));
      return senses[static_cast<std::size_t>(*number - 1)];
    }
    const std::string part = text.substr(colon + 1);
    std::int32_t found = -1;
    for (const std::int32_t sense : senses) {
      if (definition(sense).find(part) == std::string::npos) continue;
      require(found < 0, in_by, "'", part, "' must be in the definition of one sense of '", noun, "' only; ",
              senses_of(noun));
      found = sense;
    }
    require(found >= 0, in_by, "'", part, "' must be in the definition of a sense of '", noun, "'; ",
            senses_of(noun));
    return found;
  }

  /// Everything below, breadth first; instances such as cities are not kinds.
  std::vector<std::int32_t> below(std::int32_t root, bool direct) const {
    std::vector<std::int32_t> found{root};
    std::set<std::int32_t> known{root};
    for (std::size_t i = 0; i < found.size() && (i == 0 || !direct); ++i) {
      const auto its = below_.find(found[i]);
      if (its == below_.end()) continue;
      for (const std::int32_t kind : its->second)
        if (!wordnet_.synsets()[static_cast<std::size_t>(kind)].is_instance && known.insert(kind).second)
          found.push_back(kind);
    }
    found.erase(found.begin());
    return found;
  }

  /// The words that people use for these synsets; all where they are fewer than three.
  Corpus words(const std::vector<std::int32_t>& synsets, const std::string& source) const {
    for (const bool familiar : {true, false}) {
      std::vector<std::string> texts, notes;
      for (const std::int32_t synset : synsets) {
        const std::string word = usual_word(synset, familiar);
        if (word.empty() || std::find(texts.begin(), texts.end(), word) != texts.end()) continue;
        texts.push_back(word);
        notes.push_back(definition(synset));
      }
      if (familiar && texts.size() < enough_words) continue;
      if (texts.size() < 2) return {};
      Corpus corpus = make_corpus(source, texts);
      for (const std::int64_t row : corpus.rows) corpus.notes.push_back(notes[static_cast<std::size_t>(row)]);
      return corpus;
    }
    return {};
  }

  /// "its senses are color.n.1 (48 words below: a visual attribute …), …"
  std::string senses_of(const std::string& noun) const {
    std::string text = "its senses are";
    const auto senses = wordnet_.senses(noun);
    for (std::size_t i = 0; i < senses.size(); ++i)
      text += (i ? ", " : " ") + noun + ".n." + std::to_string(i + 1) + " (" +
              std::to_string(words(below(senses[i], false), "").texts.size()) +
              " words below: " + definition(senses[i]) + ")";
    return text + ".";
  }

  std::string first_word(std::int32_t synset) const {
    return std::string(wordnet_.synsets()[static_cast<std::size_t>(synset)].lemmas.front());
  }

 private:
  std::string definition(std::int32_t synset) const {
    return std::string(wordnet_.synsets()[static_cast<std::size_t>(synset)].definition);
  }
  /// The first of the synset's words, as WordNet lists them, or of those that are familiar.
  std::string usual_word(std::int32_t synset, bool familiar) const {
    for (const std::string_view lemma : wordnet_.synsets()[static_cast<std::size_t>(synset)].lemmas)
      if (!familiar || wordnet_.is_familiar(lemma, synset)) return std::string(lemma);
    return "";
  }

  const WordNet& wordnet_;
  std::unordered_map<std::int32_t, std::vector<std::int32_t>> below_;
};

Criterion of_wordnet(const Concepts& concepts, const std::string& name) {
  const auto meaning = std::find_if(meanings.begin(), meanings.end(),
                                    [&](const Meaning& one) { return one.word == lower_case(name); });
  if (meaning == meanings.end()) {
    const std::int32_t sense = concepts.sense(name);
    const std::string about = "words below “" + concepts.first_word(sense) + "” in WordNet";
    Corpus words = concepts.words(concepts.below(sense, false), about);
    require(!words.texts.empty(), in_by, "WordNet has fewer than two words below '", name, "'; ",
            concepts.senses_of(name.substr(0, std::min(name.find(':'), name.find(".n.")))));
    return {.name = name, .meaning = about, .words = std::move(words)};
  }
  std::vector<std::int32_t> synsets;
  std::string about;
  for (const std::string_view one : meaning->concepts) {
    if (one.empty()) continue;
    const std::int32_t root = concepts.sense(std::string(one));
    for (const std::int32_t synset : concepts.below(root, meaning->direct)) synsets.push_back(synset);
    about += (about.empty() ? "words below “" : "”, “") + concepts.first_word(root);
  }
  about += "” in WordNet";
  return {.name = name, .meaning = about, .words = concepts.words(synsets, about)};
}

}  // namespace

bool needs_wordnet(std::string_view criteria) {
  if (criteria.empty()) return false;
  for (std::string part : parts_of(criteria)) {
    take_number(part);
    if (!is_file(part)) return true;
  }
  return false;
}

std::vector<Criterion> read_criteria(std::string_view text, const WordNet* wordnet) {
  std::vector<Criterion> criteria;
  if (text.empty()) return criteria;
  std::optional<Concepts> concepts;
  if (wordnet && needs_wordnet(text)) concepts.emplace(*wordnet);
  std::set<std::string> names;
  for (std::string part : parts_of(text)) {
    const auto n_clusters = take_number(part);
    Criterion criterion;
    if (is_file(part)) {
      require(std::filesystem::exists(part), in_by, "there is no file ", part, ".");
      criterion = {.name = std::filesystem::path(part).stem().string(),
                   .meaning = "the words of " + part,
                   .words = read_nouns(part)};
      require(criterion.words.texts.size() >= 2, in_by, part, " must hold at least two words, got ",
              criterion.words.texts.size(), ".");
    } else {
      if (!concepts)
        fail(
            in_by, "'", part,
            "' is a noun of WordNet, which was not found. Install it (Debian: wordnet-base), name its folder "
            "with --wordnet, or give a file of words.");
      criterion = of_wordnet(*concepts, part);
    }
    criterion.n_clusters = n_clusters;
    require(names.insert(criterion.name).second, in_by, "two criteria are called '", criterion.name, "'.");
    criteria.push_back(std::move(criterion));
  }
  return criteria;
}

}  // namespace ilk
