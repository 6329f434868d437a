// N points, D dimensions, K clusters.
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "arrays.h"
#include "bindings.h"
#include "cluster/unit_rows.h"
#include "options.h"
#include "results.h"
#include "watch.h"

namespace ilk::python {

nb::dict to_python(Assignment assignment) {
  return Fields()
      .add("labels", to_numpy(std::move(assignment.labels)))
      .add("scores", to_numpy(std::move(assignment.scores)))
      .add("second_labels", to_numpy(std::move(assignment.second_labels)))
      .add("second_scores", to_numpy(std::move(assignment.second_scores)))
      .take();
}

nb::dict to_python(KMeansResult result) {
  return Fields()
      .add("labels", to_numpy(std::move(result.labels)))
      .add("centroids", to_numpy(std::move(result.centroids)))
      .add("objective", result.objective)
      .add("iterations", result.iterations)
      .add("converged", result.converged)
      .add("objectives", to_numpy(std::move(result.objectives)))
      .add("empty_repaired", result.empty_repaired)
      .add("duplicates", result.duplicates)
      .take();
}

void bind_kmeans(nb::module_& module) {
  module.def(
      "kmeans",
      [](const Floats& rows, const std::optional<Floats>& centroids, bool spherical, const nb::dict& keywords,
         nb::handle listener, std::int64_t n_jobs) {
        const auto options = options_from<KMeansOptions>(keywords, "kmeans");
        const auto x = view_of(rows);
        const auto from = centroids ? view_of(*centroids) : MatrixView<const float>();
        return to_python(watched(listener, n_jobs, [&](Progress& progress) {
          if (centroids)
            return spherical ? kmeans_from(x, from, options, progress)
                             : euclidean_kmeans_from(x, from, options, progress);
          return spherical ? kmeans(x, options, progress) : euclidean_kmeans(x, options, progress);
        }));
      },
      nb::arg("rows").noconvert(), nb::arg("centroids").noconvert().none(), nb::arg("spherical"),
      nb::arg("options"), nb::arg("listener").none(), nb::arg("n_jobs"),
      "K-means of rows, from given centroids where there are some.");
  module.def("kmeans_options", &describe<KMeansOptions>,
             "The keywords of kmeans: name, type, default, help.");
  module.def(
      "assign_to_nearest",
      [](const Floats& rows, const Floats& centroids, std::int64_t n_jobs) {
        const auto x = view_of(rows), c = view_of(centroids);
        return to_python(watched(nb::none(), n_jobs, [&](Progress&) { return assign_to_nearest(x, c); }));
      },
      nb::arg("rows").noconvert(), nb::arg("centroids").noconvert(), nb::arg("n_jobs"),
      "The nearest centroid of each row by cosine, and the runner-up.");
  module.def(
      "unit_rows",
      [](const Floats& rows, const std::string& function,
         const std::string& what) -> std::optional<NumpyMatrix<float>> {
        const auto x = view_of(rows);
        auto made = watched(nb::none(), 0, [&](Progress&) -> std::optional<Matrix<float>> {
          try {
            require_unit_rows(x, function, what);
            return std::nullopt;
          } catch (const Error&) {
            return normalise_rows(x, function, what);
          }
        });
        if (!made) return std::nullopt;
        return to_numpy(std::move(*made));
      },
      nb::arg("rows").noconvert(), nb::arg("function"), nb::arg("what"),
      "Rows scaled to unit length, or None where they are of unit length already.");
}

}  // namespace ilk::python
