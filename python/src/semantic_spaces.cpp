// N images, D dimensions, K clusters, M selected words: CAE and TAC without training.
#include <ilk/cae.h>
#include <ilk/tac.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "bindings.h"
#include "methods/semantic_centres.h"
#include "options.h"
#include "results.h"
#include "watch.h"

namespace ilk::python {
namespace {

nb::dict to_python(SemanticSpace space) {
  Fields fields;
  fields.add("selected", to_numpy(std::move(space.selected)))
      .add("features", to_numpy(std::move(space.features)))
      .add("potentials", to_numpy(std::move(space.plan.column_potentials)))
      .add("epsilon", space.plan.epsilon)
      .add("times_cosine", space.plan.times_cosine)
      .add("converged", !space.transport || space.transport->converged);
  return fields.take();
}

struct WithSpace {
  SemanticSpace space;
  Matrix<float> counterparts;
};

std::pair<nb::dict, NumpyMatrix<float>> to_python(WithSpace found) {
  auto counterparts = to_numpy(std::move(found.counterparts));
  return {to_python(std::move(found.space)), std::move(counterparts)};
}

nb::dict to_python(CaeResult result) {
  nb::list means;
  for (auto& mean : result.fusion.model.means) means.append(to_numpy(std::move(mean)));
  return Fields()
      .add("kmeans", nb::object(python::to_python(std::move(result.kmeans))))
      .add("assignment", nb::object(python::to_python(std::move(result.assignment))))
      .add("features", to_numpy(std::move(result.fusion.features)))
      .add("weights", to_numpy(std::move(result.fusion.weights)))
      .add("means", nb::object(std::move(means)))
      .take();
}

/// Spaces of which only the images' counterparts are known, which is all that a clustering needs.
std::vector<SemanticSpace> spaces_of(const std::vector<Floats>& counterparts) {
  std::vector<SemanticSpace> spaces(counterparts.size());
  for (std::size_t i = 0; i < spaces.size(); ++i)
    spaces[i].placed.counterparts = Matrix<float>(view_of(counterparts[i]));
  return spaces;
}

void bind_words(nb::module_& module) {
  module.def(
      "align_words",
      [](const Floats& embeddings, const Floats& words, const nb::dict& keywords, nb::handle listener,
         std::int64_t n_jobs) {
        const auto options = options_from<CaeOptions>(keywords, "cae");
        const auto x = view_of(embeddings), u = view_of(words);
        return to_python(watched(listener, n_jobs, [&](Progress& progress) {
          const Matrix<float> centres = semantic_centres(x, options, progress);
          WithSpace found{.space = align_words(x, centres, u, options, {.counterparts = true}, progress)};
          found.counterparts = std::move(found.space.placed.counterparts);
          return found;
        }));
      },
      nb::arg("embeddings").noconvert(), nb::arg("words").noconvert(), nb::arg("options"),
      nb::arg("listener").none(), nb::arg("n_jobs"),
      "Selects words for the images, aligns the images to them: the space and the counterparts.");
  module.def(
      "retrieve_words",
      [](const Floats& embeddings, const Floats& words, const nb::dict& keywords, nb::handle listener,
         std::int64_t n_jobs) {
        const auto options = options_from<TacOptions>(keywords, "tac");
        const auto centres_options = options_from<CaeOptions>(keywords, "tac");
        const auto x = view_of(embeddings), u = view_of(words);
        return to_python(watched(listener, n_jobs, [&](Progress& progress) {
          const Matrix<float> centres = semantic_centres(x, centres_options, progress);
          WithSpace found{.space = retrieve_words(x, centres, u, options, progress)};
          found.counterparts = counterparts(x, found.space.features, found.space.plan);
          return found;
        }));
      },
      nb::arg("embeddings").noconvert(), nb::arg("words").noconvert(), nb::arg("options"),
      nb::arg("listener").none(), nb::arg("n_jobs"),
      "The nouns that TAC retrieves for the images: the space and the counterparts.");
  module.def(
      "semantic_centres_options",
      [](std::int64_t n_images, const nb::dict& keywords) {
        const auto found = semantic_centres_options(n_images, options_from<CaeOptions>(keywords, "cae"));
        return Fields()
            .add("n_clusters", found.n_clusters)
            .add("seed", found.seed)
            .add("n_init", found.search.n_init)
            .add("max_iterations", found.search.max_iterations)
            .add("tolerance", found.search.tolerance)
            .add("init", std::string(enum_name(found.search.init)))
            .take();
      },
      nb::arg("n_images"), nb::arg("options"), "The keywords of the k-means of the semantic centres.");
  module.def(
      "select_words",
      [](const Floats& centres, const Floats& words, const nb::dict& keywords) {
        const auto options = options_from<CaeOptions>(keywords, "cae");
        return to_numpy(select_words(view_of(centres), view_of(words), options.selection));
      },
      nb::arg("centres").noconvert(), nb::arg("words").noconvert(), nb::arg("options"),
      "The words that matter for these semantic centres: ascending rows of `words`.");
}

void bind_clustering(nb::module_& module) {
  module.def(
      "cae",
      [](const Floats& embeddings, const std::vector<Floats>& counterparts, const nb::dict& keywords,
         nb::handle listener, std::int64_t n_jobs) {
        const auto options = options_from<CaeOptions>(keywords, "cae");
        const auto x = view_of(embeddings);
        return to_python(watched(listener, n_jobs, [&](Progress& progress) {
          return cae(x, spaces_of(counterparts), options, progress);
        }));
      },
      nb::arg("embeddings").noconvert(), nb::arg("counterparts"), nb::arg("options"),
      nb::arg("listener").none(), nb::arg("n_jobs"),
      "Fuses images with their counterparts and clusters the fused features.");
  module.def(
      "tac",
      [](const Floats& embeddings, const Floats& counterparts, const nb::dict& keywords, nb::handle listener,
         std::int64_t n_jobs) {
        const auto options = options_from<TacOptions>(keywords, "tac");
        const auto x = view_of(embeddings);
        return to_python(watched(listener, n_jobs, [&](Progress& progress) {
          return tac(x, std::move(spaces_of({counterparts}).front()), options, progress);
        }));
      },
      nb::arg("embeddings").noconvert(), nb::arg("counterparts").noconvert(), nb::arg("options"),
      nb::arg("listener").none(), nb::arg("n_jobs"), "Clusters images beside their retrieved counterparts.");
  module.def(
      "fuse_new",
      [](const std::vector<Floats>& parts, const nb::dict& keywords, const std::vector<FloatVector>& means,
         std::int64_t n_jobs) {
        const auto options = options_from<FusionOptions>(keywords, "fuse");
        std::vector<MatrixView<const float>> views;
        for (const Floats& part : parts) views.push_back(view_of(part));
        FusionModel model;
        for (const FloatVector& mean : means) model.means.push_back(vector_of(mean));
        return to_numpy(
            watched(nb::none(), n_jobs, [&](Progress&) { return fuse_new(views, options, model); }));
      },
      nb::arg("parts"), nb::arg("options"), nb::arg("means"), nb::arg("n_jobs"),
      "Fuses the parts of new images as those of a collection were.");
}

}  // namespace

void bind_semantic_spaces(nb::module_& module) {
  bind_words(module);
  bind_clustering(module);
  module.def("cae_options", &describe<CaeOptions>, "The keywords of CAE: name, type, default, help.");
  module.def("tac_options", &describe<TacOptions>, "The keywords of TAC: name, type, default, help.");
}

}  // namespace ilk::python
