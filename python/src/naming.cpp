// N images, P nouns, D dimensions, K clusters.
#include <ilk/naming.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <span>

#include "arrays.h"
#include "bindings.h"
#include "watch.h"

namespace ilk::python {

void bind_naming(nb::module_& module) {
  module.def(
      "name_clusters",
      [](const Floats& embeddings, const Whole& labels, std::int64_t n_clusters,
         const std::vector<std::string>& nouns, const Floats& features,
         const std::vector<std::string>& definitions, const std::optional<std::string>& wordnet,
         bool with_hypernyms, std::int64_t n_jobs) {
        const auto x = view_of(embeddings), u = view_of(features);
        const std::span<const std::int64_t> of_image(labels.data(), labels.shape(0));
        const std::vector<ClusterName> names = watched(nb::none(), n_jobs, [&](Progress&) {
          const auto lexicon = wordnet ? std::optional<WordNet>(*wordnet) : std::nullopt;
          return name_clusters(x, of_image, n_clusters,
                               {nouns, u, definitions, lexicon ? &*lexicon : nullptr, with_hypernyms});
        });
        nb::list result;
        for (const ClusterName& name : names) {
          nb::list words;
          for (const ScoredWord& word : name.words)
            words.append(nb::make_tuple(word.word, word.score, word.share));
          result.append(Fields()
                            .add("name", name.name)
                            .add("is_named", name.is_named)
                            .add("score", name.score)
                            .add("runner_up", name.runner_up)
                            .add("runner_up_score", name.runner_up_score)
                            .add("words", nb::object(std::move(words)))
                            .take());
        }
        return result;
      },
      nb::arg("embeddings").noconvert(), nb::arg("labels").noconvert(), nb::arg("n_clusters"),
      nb::arg("nouns"), nb::arg("features").noconvert(), nb::arg("definitions"), nb::arg("wordnet").none(),
      nb::arg("with_hypernyms"), nb::arg("n_jobs"),
      "Names clusters by the nouns that their images are kinds of.");
  module.def(
      "find_wordnet",
      []() -> std::optional<std::string> {
        const auto found = WordNet::find();
        return found ? std::optional(found->string()) : std::nullopt;
      },
      "The first folder that holds WordNet's nouns; None where it is not installed.");
}

}  // namespace ilk::python
