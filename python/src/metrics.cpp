// N samples.
#include <ilk/metrics.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "bindings.h"
#include "options.h"
#include "watch.h"

namespace ilk::python {

void bind_metrics(nb::module_& module) {
  module.def(
      "agreement",
      [](const Whole& classes, const Whole& clusters) {
        const Agreement found = agreement(span_of(classes), span_of(clusters));
        return Fields()
            .add("accuracy", found.accuracy)
            .add("normalised_mutual_information", found.normalised_mutual_information)
            .add("adjusted_rand_index", found.adjusted_rand_index)
            .take();
      },
      nb::arg("classes").noconvert(), nb::arg("clusters").noconvert(), "ACC, NMI and ARI.");
  module.def(
      "matched_confusion",
      [](const Whole& classes, const Whole& clusters) {
        MatchedConfusion matched = match_clusters(confusion(span_of(classes), span_of(clusters)));
        return Fields()
            .add("classes", to_numpy(std::move(matched.table.classes)))
            .add("clusters", to_numpy(std::move(matched.table.clusters)))
            .add("counts", to_numpy(std::move(matched.table.counts)))
            .add("column_of_class", to_numpy(std::move(matched.column_of_class)))
            .add("recall", to_numpy(std::move(matched.recall)))
            .take();
      },
      nb::arg("classes").noconvert(), nb::arg("clusters").noconvert(),
      "Counts of samples by class and matched cluster.");
  module.def(
      "separation",
      [](const Floats& features, const Whole& labels, const nb::dict& keywords, std::int64_t n_jobs) {
        const auto options = options_from<SeparationOptions>(keywords, "separation");
        const auto x = view_of(features);
        const auto of = span_of(labels);
        const Separation found =
            watched(nb::none(), n_jobs, [&](Progress&) { return separation(x, of, options); });
        return Fields()
            .add("n_clusters", found.n_clusters)
            .add("silhouette", found.silhouette)
            .add("davies_bouldin", found.davies_bouldin)
            .add("calinski_harabasz", found.calinski_harabasz)
            .add("objective", found.objective)
            .add("on_the_fence", found.on_the_fence)
            .take();
      },
      nb::arg("features").noconvert(), nb::arg("labels").noconvert(), nb::arg("options"), nb::arg("n_jobs"),
      "How well clusters are separated, told without labels.");
  module.def("separation_options", &describe<SeparationOptions>,
             "The keywords of separation: name, type, default, help.");
}

}  // namespace ilk::python
