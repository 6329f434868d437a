// N points.
#include <ilk/run.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "arrays.h"
#include "bindings.h"
#include "options.h"
#include "watch.h"

namespace ilk::python {

void bind_cluster_count(nb::module_& module) {
  module.def(
      "choose_k",
      [](const Floats& embeddings, const nb::dict& keywords, nb::handle listener, std::int64_t n_jobs) {
        const auto options = options_from<ClusterCountOptions>(keywords, "choose_k");
        const auto x = view_of(embeddings);
        auto count = watched(listener, n_jobs,
                             [&](Progress& progress) { return choose_cluster_count(x, options, progress); });
        nb::list evidence;
        for (const ClusterCountEvidence& one : count.evidence)
          evidence.append(Fields()
                              .add("n_clusters", one.n_clusters)
                              .add("silhouette", one.silhouette)
                              .add("agreement", one.agreement)
                              .add("objective", one.objective)
                              .add("bend", one.bend)
                              .add("score", one.score)
                              .add("votes", one.votes)
                              .take());
        return Fields()
            .add("n_clusters", count.n_clusters)
            .add("runner_up", count.runner_up)
            .add("finer", count.finer)
            .add("clear", count.clear)
            .add("confidence", count.confidence)
            .add("verdict", count.verdict)
            .add("evidence", nb::object(std::move(evidence)))
            .add("n_points", count.n_points)
            .add("sampled", count.sampled)
            .take();
      },
      nb::arg("embeddings").noconvert(), nb::arg("options"), nb::arg("listener").none(), nb::arg("n_jobs"),
      "How many clusters there are, told without labels.");
  module.def("choose_k_options", &describe<ClusterCountOptions>,
             "The keywords of choose_k: name, type, default, help.");
}

}  // namespace ilk::python
