#pragma once
// What labels and names mean by WordNet.
#include <ilk/naming.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace ilk {

/// The synsets that a label may mean: those of the whole of it ("playing cards"), of its parts ("flowers and
/// trees"), or else of its last word ("computer icons"), in the singular or the plural; of a label that is a
/// path ("animals/birds") those of its last component. The two most frequent senses of each. Empty where
/// WordNet does not know it.
std::vector<std::int32_t> synsets_of_label(const WordNet& wordnet, std::string_view label);

/// `name` in its two most frequent senses; the closest relation to any of the class's synsets.
NameRelation name_relation(const WordNet& wordnet, std::string_view name,
                           const std::vector<std::int32_t>& synsets_of_class);

/// Whether the name is what a cluster is called that has none: "unnamed N", or in earlier versions "group N".
bool is_placeholder(std::string_view name, std::int64_t cluster);

}  // namespace ilk
