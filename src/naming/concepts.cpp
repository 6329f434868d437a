#include "concepts.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace ilk {
namespace {

constexpr int most_steps = 4;
constexpr double step_factor = 0.7;

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

std::vector<Concept> make_concepts(const std::vector<std::string>& nouns, const WordNet* wordnet) {
  // Union by the lowest index, over equal normal forms and equal first senses.
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
    join(i, by_form.try_emplace(normal_form(nouns[i]), i).first->second);
    if (!wordnet || wordnet->senses(nouns[i]).empty()) continue;
    sense[i] = wordnet->senses(nouns[i]).front();
    join(i, by_sense.try_emplace(sense[i], i).first->second);
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
  if (!wordnet || wordnet->senses("physical entity").empty()) return concepts;
  const std::int32_t physical_entity = wordnet->senses("physical entity").front();
  for (Concept& its : concepts) {
    if (its.synset < 0 || its.synset == physical_entity) continue;
    const auto above = wordnet->ancestors(static_cast<std::int32_t>(its.synset));
    its.physical = std::any_of(above.begin(), above.end(),
                               [&](const auto& one) { return one.first == physical_entity; });
  }
  return concepts;
}

Hierarchy make_hierarchy(const std::vector<Concept>& concepts, const WordNet* wordnet) {
  Hierarchy hierarchy;
  std::unordered_map<std::int64_t, std::int64_t> place_of;  // by synset
  for (std::size_t c = 0; c < concepts.size(); ++c) {
    hierarchy.above.push_back({{static_cast<std::int64_t>(c), 1.0}});
    if (concepts[c].synset >= 0) place_of.emplace(concepts[c].synset, static_cast<std::int64_t>(c));
  }
  hierarchy.n_places = static_cast<std::int64_t>(concepts.size());
  if (!wordnet) return hierarchy;
  std::array<double, most_steps + 1> factors{1.0};
  for (std::size_t i = 1; i < factors.size(); ++i) factors[i] = factors[i - 1] * step_factor;
  for (std::size_t c = 0; c < concepts.size(); ++c) {
    if (concepts[c].synset < 0) continue;
    for (const auto& [synset, steps] : wordnet->ancestors(static_cast<std::int32_t>(concepts[c].synset))) {
      if (steps > most_steps) break;
      const auto [entry, is_new] = place_of.try_emplace(synset, hierarchy.n_places);
      hierarchy.n_places += is_new;
      hierarchy.above[c].push_back({entry->second, factors[static_cast<std::size_t>(steps)]});
    }
  }
  return hierarchy;
}

}  // namespace ilk
