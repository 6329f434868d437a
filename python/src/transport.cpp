// N images, M words, D dimensions.
#include <ilk/transport.h>
#include <nanobind/stl/pair.h>

#include "arrays.h"
#include "bindings.h"
#include "options.h"
#include "plan.h"
#include "watch.h"

namespace ilk::python {
namespace {

nb::dict solve(const Floats& embeddings, const Floats& words, const nb::dict& keywords, nb::handle listener,
               std::int64_t n_jobs) {
  const auto options = options_from<TransportOptions>(keywords, "transport");
  const auto x = view_of(embeddings), u = view_of(words);
  Transport result =
      watched(listener, n_jobs, [&](Progress& progress) { return solve_transport(x, u, options, progress); });
  return Fields()
      .add("row_potentials", to_numpy(std::move(result.row_potentials)))
      .add("column_potentials", to_numpy(std::move(result.column_potentials)))
      .add("epsilon", result.epsilon)
      .add("iterations", result.iterations)
      .add("marginal_error", result.marginal_error)
      .add("converged", result.converged)
      .take();
}

}  // namespace

void bind_transport(nb::module_& module) {
  module.def("transport", &solve, nb::arg("embeddings").noconvert(), nb::arg("words").noconvert(),
             nb::arg("options"), nb::arg("listener").none(), nb::arg("n_jobs"),
             "Entropic optimal transport of images onto words.");
  module.def("transport_options", &describe<TransportOptions>,
             "The keywords of transport: name, type, default, help.");
  module.def(
      "counterparts",
      [](const Floats& embeddings, const Floats& words, const DoubleVector& potentials, double epsilon,
         bool times_cosine, std::int64_t n_jobs) {
        const RowPlan plan = plan_of(potentials, epsilon, times_cosine);
        const auto x = view_of(embeddings), u = view_of(words);
        return to_numpy(watched(nb::none(), n_jobs, [&](Progress&) { return counterparts(x, u, plan); }));
      },
      nb::arg("embeddings").noconvert(), nb::arg("words").noconvert(), nb::arg("potentials").noconvert(),
      nb::arg("epsilon"), nb::arg("times_cosine"), nb::arg("n_jobs"),
      "Each image's counterpart among the words.");
  module.def(
      "top_words",
      [](const Floats& embeddings, const Floats& words, const DoubleVector& potentials, double epsilon,
         bool times_cosine, std::int64_t top, std::int64_t n_jobs) {
        const RowPlan plan = plan_of(potentials, epsilon, times_cosine);
        const auto x = view_of(embeddings), u = view_of(words);
        TopWords result = watched(nb::none(), n_jobs, [&](Progress&) { return top_words(x, u, plan, top); });
        return std::pair(to_numpy(std::move(result.indices)), to_numpy(std::move(result.weights)));
      },
      nb::arg("embeddings").noconvert(), nb::arg("words").noconvert(), nb::arg("potentials").noconvert(),
      nb::arg("epsilon"), nb::arg("times_cosine"), nb::arg("top"), nb::arg("n_jobs"),
      "The words that take most of each image's mass: rows of `words` and shares.");
  module.def(
      "group_mass",
      [](const Floats& embeddings, const Floats& words, const DoubleVector& potentials, double epsilon,
         bool times_cosine, const Whole& labels, std::int64_t n_groups, std::int64_t n_jobs) {
        const RowPlan plan = plan_of(potentials, epsilon, times_cosine);
        const auto x = view_of(embeddings), u = view_of(words);
        const auto of = span_of(labels);
        return to_numpy(
            watched(nb::none(), n_jobs, [&](Progress&) { return group_mass(x, u, plan, of, n_groups); }));
      },
      nb::arg("embeddings").noconvert(), nb::arg("words").noconvert(), nb::arg("potentials").noconvert(),
      nb::arg("epsilon"), nb::arg("times_cosine"), nb::arg("labels").noconvert(), nb::arg("n_groups"),
      nb::arg("n_jobs"), "Mass that each group of images sends to each word, (n_groups, M).");
}

}  // namespace ilk::python
