#include "naming/concepts.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace ilk {
namespace {

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

// Plurals that no rule gives. Their singulars' normal forms come second.
constexpr std::array<std::pair<std::string_view, std::string_view>, 22> irregular_plurals = {{
    {"children", "child"},      {"feet", "foot"},   {"geese", "goose"},     {"mice", "mouse"},
    {"teeth", "tooth"},         {"women", "woman"}, {"snowmen", "snowman"}, {"firemen", "fireman"},
    {"policemen", "policeman"}, {"oxen", "ox"},     {"leaves", "leaf"},     {"knives", "knife"},
    {"wolves", "wolf"},         {"wives", "wife"},  {"lives", "life"},      {"shelves", "shelf"},
    {"halves", "half"},         {"loaves", "loaf"}, {"thieves", "thief"},   {"scarves", "scarf"},
    {"calves", "calf"},         {"elves", "elf"},
}};

std::string singular(std::string word) {
  if (word == "men") return "man";
  for (const auto& [plural, single] : irregular_plurals) {
    if (word.ends_with(plural)) return word.replace(word.size() - plural.size(), plural.size(), single);
  }
  if (word.size() <= 3 || !word.ends_with("s")) return word;
  for (const std::string_view ending : {"ss", "us", "is"}) {
    if (word.ends_with(ending)) return word;
  }
  if (word.ends_with("ies") && word.size() > 4) return word.replace(word.size() - 3, 3, "y");
  for (const std::string_view ending : {"sses", "shes", "ches", "xes", "zzes"}) {
    if (word.ends_with(ending)) return word.substr(0, word.size() - 2);
  }
  return word.substr(0, word.size() - 1);
}

// The sense of the noun that has this definition, else its most frequent one; -1 where there is none.
std::int64_t sense_of(const WordNet& wordnet, const std::string& noun, std::string_view definition) {
  const auto senses = wordnet.senses(noun);
  if (senses.empty()) return -1;
  if (!definition.empty()) {
    for (const std::int32_t sense : senses)
      if (wordnet.synsets()[static_cast<std::size_t>(sense)].definition == definition) return sense;
  }
  return senses.front();
}

// Of words for a synset the one that a person would use: one that occurs in tagged texts with this sense
// before one that does not, then one whose main sense it is, then as WordNet lists the synset's words.
std::string usual_word(const std::vector<std::string>& words, std::int32_t synset, const WordNet& wordnet) {
  const auto& lemmas = wordnet.synsets()[static_cast<std::size_t>(synset)].lemmas;
  const auto key = [&](const std::string& word) {
    const auto senses = wordnet.senses(word);
    const auto rank = std::find(senses.begin(), senses.end(), synset) - senses.begin();
    const auto form = normal_form(word);
    const auto lemma = std::find_if(lemmas.begin(), lemmas.end(),
                                    [&](std::string_view each) { return normal_form(each) == form; }) -
                       lemmas.begin();
    return std::tuple(rank == std::ssize(senses), !wordnet.is_familiar(word, synset), rank, lemma);
  };
  return *std::min_element(words.begin(), words.end(),
                           [&](const std::string& a, const std::string& b) { return key(a) < key(b); });
}

// Concepts of the synsets above those that are there.
void add_hypernyms(std::vector<Concept>& concepts, const WordNet& wordnet) {
  std::set<std::int32_t> above, known;
  for (const Concept& its : concepts) {
    if (its.synset < 0) continue;
    known.insert(static_cast<std::int32_t>(its.synset));
    for (const auto& [synset, steps] : wordnet.ancestors(static_cast<std::int32_t>(its.synset)))
      above.insert(synset);
  }
  for (const std::int32_t synset : above)
    if (!known.contains(synset)) concepts.emplace_back().synset = synset;
}

// The uppermost synsets: what WordNet sorts by, and nobody says of a picture.
std::set<std::int64_t> frame_of(const WordNet& wordnet) {
  std::set<std::int64_t> frame;
  for (const char* word : {"instrumentality", "device", "structure", "organism", "substance",
                           "natural object", "geological formation", "abstraction"}) {
    const auto senses = wordnet.senses(word);
    if (senses.empty()) continue;
    frame.insert(senses.front());
    for (const auto& [synset, steps] : wordnet.ancestors(senses.front())) frame.insert(synset);
  }
  return frame;
}

void find_kinds(std::vector<Concept>& concepts, const WordNet* wordnet) {
  std::unordered_map<std::int64_t, std::int64_t> concept_of;  // by synset
  for (std::size_t c = 0; c < concepts.size(); ++c) {
    concepts[c].kinds_of = {static_cast<std::int64_t>(c)};
    if (concepts[c].synset >= 0) concept_of.emplace(concepts[c].synset, static_cast<std::int64_t>(c));
  }
  if (!wordnet) return;
  for (Concept& its : concepts) {
    if (its.synset < 0) continue;
    for (const auto& [synset, steps] : wordnet->ancestors(static_cast<std::int32_t>(its.synset)))
      if (const auto found = concept_of.find(synset); found != concept_of.end())
        its.kinds_of.push_back(found->second);
    std::sort(its.kinds_of.begin(), its.kinds_of.end());
  }
}

}  // namespace

std::string normal_form(std::string_view noun) {
  std::string form;
  for (const char byte : noun) {
    if (std::string_view(" -_.'").find(byte) != std::string_view::npos) continue;
    form += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  }
  return singular(std::move(form));
}

bool is_bare(std::string_view word) {
  const auto is_continuation = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; };
  const auto letters =
      std::count_if(word.begin(), word.end(), [&](char byte) { return !is_continuation(byte); });
  return letters <= 1 || std::all_of(word.begin(), word.end(), [](char byte) {
           return is_digit(byte) || std::string_view(" .,-/%").find(byte) != std::string_view::npos;
         });
}

std::vector<Concept> make_concepts(const std::vector<std::string>& nouns,
                                   const std::vector<std::string>& definitions, const WordNet* wordnet,
                                   bool with_hypernyms) {
  // Union by the lowest index, over equal senses, and over equal normal forms where the senses do not differ.
  std::vector<std::size_t> parent(nouns.size());
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  const auto root = [&](std::size_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  const auto join = [&](std::size_t a, std::size_t b) {
    a = root(a), b = root(b);
    parent[std::max(a, b)] = std::min(a, b);
  };
  std::unordered_map<std::string, std::size_t> by_form;
  std::unordered_map<std::int64_t, std::size_t> by_sense;
  std::vector<std::int64_t> sense(nouns.size(), -1);
  for (std::size_t i = 0; i < nouns.size(); ++i) {
    if (wordnet) sense[i] = sense_of(*wordnet, nouns[i], definitions.empty() ? "" : definitions[i]);
    if (sense[i] >= 0) join(i, by_sense.try_emplace(sense[i], i).first->second);
    const std::size_t same = by_form.try_emplace(normal_form(nouns[i]), i).first->second;
    if (sense[i] < 0 || sense[same] < 0 || sense[i] == sense[same]) join(i, same);
  }

  std::vector<Concept> concepts;
  std::unordered_map<std::size_t, std::size_t> concept_of;
  for (std::size_t i = 0; i < nouns.size(); ++i) {
    const auto [entry, is_new] = concept_of.try_emplace(root(i), concepts.size());
    if (is_new) concepts.emplace_back().bare = true;
    Concept& its = concepts[entry->second];
    its.nouns.push_back(static_cast<std::int64_t>(i));
    its.bare = its.bare && is_bare(nouns[i]);
    if (its.synset < 0) its.synset = sense[i];
  }
  for (Concept& its : concepts) its.word = nouns[static_cast<std::size_t>(its.nouns.front())];
  if (!wordnet) {
    find_kinds(concepts, wordnet);
    return concepts;
  }
  if (with_hypernyms) add_hypernyms(concepts, *wordnet);
  find_kinds(concepts, wordnet);
  const std::set<std::int64_t> frame = frame_of(*wordnet);
  const auto physical_entity = wordnet->senses("physical entity");
  for (Concept& its : concepts) {
    if (its.synset < 0) continue;
    const auto synset = static_cast<std::int32_t>(its.synset);
    std::vector<std::string> words;
    words.reserve(its.nouns.size());
    for (const std::int64_t noun : its.nouns) words.push_back(nouns[static_cast<std::size_t>(noun)]);
    if (words.empty()) {
      const auto lemmas = wordnet->synsets()[static_cast<std::size_t>(synset)].lemmas;
      words.assign(lemmas.begin(), lemmas.end());
    }
    its.word = usual_word(words, synset, *wordnet);
    its.familiar = wordnet->is_familiar(its.word, synset);
    its.general = frame.contains(synset);
    if (physical_entity.empty() || synset == physical_entity.front()) continue;
    const auto above = wordnet->ancestors(synset);
    its.physical = std::any_of(above.begin(), above.end(),
                               [&](const auto& one) { return one.first == physical_entity.front(); });
  }
  return concepts;
}

bool are_related(const std::vector<Concept>& concepts, std::int64_t a, std::int64_t b) {
  const auto is_kind_of = [&](std::int64_t kind, std::int64_t of) {
    const auto& above = concepts[static_cast<std::size_t>(kind)].kinds_of;
    return std::binary_search(above.begin(), above.end(), of);
  };
  return is_kind_of(a, b) || is_kind_of(b, a);
}

}  // namespace ilk
