// K clusters, M nouns.
#include <ilk/naming.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "bindings.h"
#include "watch.h"

namespace ilk::python {

void bind_naming(nb::module_& module) {
  module.def(
      "name_clusters",
      [](const Doubles& mass, const std::vector<std::string>& nouns,
         const std::optional<std::string>& wordnet) {
        const auto shares = view_of(mass);
        const std::vector<ClusterName> names = watched(nb::none(), 0, [&](Progress&) {
          const auto lexicon = wordnet ? std::optional<WordNet>(*wordnet) : std::nullopt;
          return name_clusters(shares, nouns, lexicon ? &*lexicon : nullptr);
        });
        nb::list result;
        for (const ClusterName& name : names) {
          nb::list words;
          for (const ScoredWord& word : name.words)
            words.append(nb::make_tuple(word.word, word.score, word.share));
          result.append(Fields()
                            .add("name", name.name)
                            .add("score", name.score)
                            .add("runner_up", name.runner_up)
                            .add("runner_up_score", name.runner_up_score)
                            .add("words", nb::object(std::move(words)))
                            .take());
        }
        return result;
      },
      nb::arg("mass").noconvert(), nb::arg("nouns"), nb::arg("wordnet").none(),
      "Names clusters from the mass that their images sent to each noun.");
  module.def(
      "find_wordnet",
      []() -> std::optional<std::string> {
        const auto found = WordNet::find();
        return found ? std::optional(found->string()) : std::nullopt;
      },
      "The first folder that holds WordNet's nouns; None where it is not installed.");
}

}  // namespace ilk::python
