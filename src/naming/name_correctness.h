#pragma once
// N images, K clusters, R classes.
#include <ilk/wordnet.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// What a cluster's name says of a class, by WordNet.
enum class NameRelation {
  none,     ///< something else
  unnamed,  ///< the cluster has no name
  same,     ///< the class itself or a synonym
  kind,     ///< a kind of the class (a hyponym): dog, where the class is animal
  above,    ///< what the class is a kind of (a hypernym), at most two steps up: vertebrate for mammal
};

/// The synsets that a label may mean: those of the whole of it ("playing cards"), of its parts ("flowers and
/// trees"), or else of its last word ("computer icons"), in the singular or the plural; of a label that is a
/// path
/// ("animals/birds") those of its last component. The two most frequent senses of each. Empty where WordNet
/// does not know it.
std::vector<std::int32_t> synsets_of_label(const WordNet& wordnet, std::string_view label);

/// `name` in its two most frequent senses; the closest relation to any of the class's synsets.
NameRelation name_relation(const WordNet& wordnet, std::string_view name,
                           const std::vector<std::int32_t>& synsets_of_class);

/// How right clusters' names are.
struct NameCorrectness {
  struct Cluster {
    std::int64_t number = 0;        ///< of the cluster
    std::int64_t class_number = 0;  ///< the class that most of its images have, among those WordNet knows
    std::int64_t n_images = 0;      ///< with a class that WordNet knows
    NameRelation relation = NameRelation::none;  ///< of its name to that class
    double right = 0;  ///< share of these images for whose own class the name is right
  };
  std::vector<Cluster> clusters;  ///< those with such images, ascending
  std::int64_t n_images = 0;      ///< with a class that WordNet knows
  double right = 0;               ///< share of the images whose class is the name's: same, kind or above
  double within_two_steps = 0;    ///< the same, kinds further than two steps below the class not counted
  double unnamed = 0;             ///< share of the images in clusters without a name
  std::vector<std::string> unknown_classes;  ///< labels that WordNet does not know; their images do not count
};

/// `clusters` and `classes` (N): numbers of each image's cluster and class, class −1 for an image without a
/// label; `names` (K), `class_names` (R).
NameCorrectness name_correctness(const WordNet& wordnet, std::span<const std::int64_t> clusters,
                                 const std::vector<std::string>& names, std::span<const std::int64_t> classes,
                                 const std::vector<std::string>& class_names);

/// Whether the name is what a cluster is called that has none: "unnamed N", or in earlier versions "group N".
bool is_placeholder(std::string_view name, std::int64_t cluster);

}  // namespace ilk
