#include "naming/name_correctness.h"

#include <ilk/naming.h>

#include <algorithm>
#include <map>
#include <optional>

#include "core/fail.h"
#include "naming/concepts.h"

namespace ilk {
namespace {

constexpr std::size_t senses_considered = 2;
constexpr int most_steps_up = 2, near_steps_down = 2;

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// As WordNet spells it: spaces for what parts words in file names.
std::string spelled(std::string_view label) {
  label = label.substr(label.find_last_of('/') + 1);
  std::string words(label);
  std::replace(words.begin(), words.end(), '_', ' ');
  return std::string(trimmed(words));
}

// The senses of a phrase, or of its singular: that of its last word ("playing cards" → "playing card").
std::vector<std::int32_t> senses_of(const WordNet& wordnet, std::string_view phrase) {
  auto senses = wordnet.senses(phrase);
  if (senses.empty()) {
    const std::size_t last = phrase.find_last_of(' ') + 1;  // npos + 1 is 0
    senses = wordnet.senses(std::string(phrase.substr(0, last)) + normal_form(phrase.substr(last)));
  }
  senses = senses.first(std::min(senses.size(), senses_considered));
  return {senses.begin(), senses.end()};
}

std::vector<std::string_view> parts_of(std::string_view phrase) {
  std::vector<std::string_view> parts = {phrase};
  for (const std::string_view between : {" and ", " or ", ",", ";", "&", "|"}) {
    std::vector<std::string_view> finer;
    for (std::string_view part : parts) {
      for (std::size_t at; (at = part.find(between)) != std::string_view::npos;
           part.remove_prefix(at + between.size()))
        finer.push_back(trimmed(part.substr(0, at)));
      finer.push_back(trimmed(part));
    }
    parts = std::move(finer);
  }
  return parts;
}

struct Relation {
  NameRelation relation = NameRelation::none;
  int steps = 0;
};

std::optional<int> steps_up(const WordNet& wordnet, std::int32_t from, std::int32_t to) {
  if (from == to) return 0;
  for (const auto& [synset, steps] : wordnet.ancestors(from))
    if (synset == to) return steps;
  return std::nullopt;
}

Relation closest(const WordNet& wordnet, std::string_view name, const std::vector<std::int32_t>& of_class) {
  Relation best;
  const auto take = [&](NameRelation relation, int steps) {
    const bool first = best.relation == NameRelation::none;
    if (first || steps < best.steps) best = {relation, steps};
  };
  for (const std::int32_t sense : senses_of(wordnet, name)) {
    for (const std::int32_t meant : of_class) {
      if (const auto down = steps_up(wordnet, sense, meant))
        take(*down == 0 ? NameRelation::same : NameRelation::kind, *down);
      if (const auto up = steps_up(wordnet, meant, sense); up && *up > 0 && *up <= most_steps_up)
        take(NameRelation::above, *up);
    }
  }
  return best;
}

}  // namespace

std::vector<std::int32_t> synsets_of_label(const WordNet& wordnet, std::string_view label) {
  const std::string phrase = spelled(label);
  if (auto senses = senses_of(wordnet, phrase); !senses.empty()) return senses;
  std::vector<std::int32_t> synsets;
  const auto add = [&](const std::vector<std::int32_t>& senses) {
    for (const std::int32_t sense : senses)
      if (std::find(synsets.begin(), synsets.end(), sense) == synsets.end()) synsets.push_back(sense);
  };
  for (const std::string_view part : parts_of(phrase)) {
    auto senses = senses_of(wordnet, part);
    if (senses.empty()) senses = senses_of(wordnet, part.substr(part.find_last_of(" -") + 1));
    add(senses);
  }
  return synsets;
}

NameRelation name_relation(const WordNet& wordnet, std::string_view name,
                           const std::vector<std::int32_t>& synsets_of_class) {
  return closest(wordnet, name, synsets_of_class).relation;
}

bool is_placeholder(std::string_view name, std::int64_t cluster) {
  const std::string number = " " + std::to_string(cluster);
  return name.empty() || name == "unnamed" + number || name == "cluster" + number || name == "group" + number;
}

NameCorrectness name_correctness(const WordNet& wordnet, std::span<const std::int64_t> clusters,
                                 const std::vector<std::string>& names, std::span<const std::int64_t> classes,
                                 const std::vector<std::string>& class_names) {
  require(clusters.size() == classes.size(), "name_correctness", "classes must be one for each of the ",
          clusters.size(), " images, got ", classes.size(), ".");
  std::vector<std::vector<std::int32_t>> meant;
  NameCorrectness result;
  for (const std::string& label : class_names) {
    meant.push_back(synsets_of_label(wordnet, label));
    if (meant.back().empty()) result.unknown_classes.push_back(label);
  }
  std::map<std::int64_t, std::map<std::int64_t, std::int64_t>> counts;  // cluster, class
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (classes[i] < 0 || meant[static_cast<std::size_t>(classes[i])].empty()) continue;
    ++counts[clusters[i]][classes[i]];
    ++result.n_images;
  }
  std::int64_t right = 0, near = 0, unnamed = 0;
  for (const auto& [number, of_class] : counts) {
    const std::string& name = names.at(static_cast<std::size_t>(number));
    const bool has_name = !is_placeholder(name, number);
    NameCorrectness::Cluster cluster{.number = number};
    std::int64_t most = 0, its_right = 0;
    for (const auto& [class_number, count] : of_class) {
      const Relation relation = has_name
                                    ? closest(wordnet, name, meant[static_cast<std::size_t>(class_number)])
                                    : Relation{.relation = NameRelation::unnamed};
      const bool is_right = has_name && relation.relation != NameRelation::none;
      if (is_right) its_right += count;
      if (is_right && (relation.relation != NameRelation::kind || relation.steps <= near_steps_down))
        near += count;
      cluster.n_images += count;
      if (count > most) {
        most = count;
        cluster.class_number = class_number;
        cluster.relation = relation.relation;
      }
    }
    if (!has_name) unnamed += cluster.n_images;
    right += its_right;
    cluster.right = static_cast<double>(its_right) / static_cast<double>(cluster.n_images);
    result.clusters.push_back(cluster);
  }
  if (result.n_images == 0) return result;
  const auto n = static_cast<double>(result.n_images);
  result.right = static_cast<double>(right) / n;
  result.within_two_steps = static_cast<double>(near) / n;
  result.unnamed = static_cast<double>(unnamed) / n;
  return result;
}

}  // namespace ilk
