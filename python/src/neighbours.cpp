// Q queries, B rows of the base.
#include <ilk/neighbours.h>
#include <nanobind/stl/pair.h>

#include "arrays.h"
#include "bindings.h"
#include "options.h"
#include "watch.h"

namespace ilk::python {

void bind_neighbours(nb::module_& module) {
  module.def(
      "nearest_neighbours",
      [](const Floats& queries, const Floats& base, std::int64_t k, bool approximate, nb::handle listener,
         std::int64_t n_jobs) {
        const auto q = view_of(queries), b = view_of(base);
        Neighbours found = watched(listener, n_jobs, [&](Progress& progress) {
          return approximate ? ApproximateNeighbours(b, progress).search(q, k) : nearest_neighbours(q, b, k);
        });
        return std::pair(to_numpy(std::move(found.indices)), to_numpy(std::move(found.cosines)));
      },
      nb::arg("queries").noconvert(), nb::arg("base").noconvert(), nb::arg("k"), nb::arg("approximate"),
      nb::arg("listener").none(), nb::arg("n_jobs"),
      "The k rows of the base with the highest cosine: rows and cosines.");
  module.attr("most_for_exact_neighbours") = most_for_exact_neighbours;
  module.attr("approximate_neighbours_built_in") = ApproximateNeighbours::built_in();
}

}  // namespace ilk::python
