// N points in several processes, D dimensions, K clusters.

#include "cluster/distributed_kmeans.h"
#include "arrays.h"
#include "bindings.h"
#include "options.h"

namespace ilk::python {
namespace {

template <class T>
NumpyVector<T> copy_of(std::span<const T> values) {
  return to_numpy(std::vector<T>(values.begin(), values.end()));
}

/// A KMeansPart and the array that its points lie in.
class PartOfPoints {
 public:
  PartOfPoints(Floats points, std::int64_t n_points, std::int64_t n_clusters, std::int64_t memory)
      : points_(std::move(points)), part_(view_of(points_), n_points, n_clusters, memory) {}

  /// How many points moved, and how many are tied.
  nb::tuple assign(const Floats& centroids) {
    {
      const auto c = view_of(centroids);
      const nb::gil_scoped_release without_gil;
      part_.assign(c);
    }
    return nb::make_tuple(part_.moved(), part_.tied());
  }
  NumpyMatrix<double> sums() const { return to_numpy(Matrix<double>(part_.sums())); }
  NumpyVector<std::int64_t> sizes() const { return copy_of(part_.sizes()); }
  NumpyVector<std::int32_t> labels() const { return copy_of(part_.labels()); }
  nb::tuple worst(const Whole& sizes, bool exact) {
    const auto found = part_.worst(span_of(sizes), exact);
    return nb::make_tuple(found.point, found.cosine);
  }
  void repair(std::int64_t point, std::int64_t to, const FloatVector& row) {
    part_.repair(point, to, span_of(row));
  }
  void move_copies(const FloatVector& row, std::int64_t from, std::int64_t to) {
    part_.move_copies(span_of(row), from, to);
  }
  bool as_remembered() const { return part_.as_remembered(); }
  void remember(bool labels) { part_.remember(labels); }

 private:
  Floats points_;
  KMeansPart part_;
};

void bind_part_of_points(nb::module_& module) {
  nb::class_<PartOfPoints>(module, "KMeansPart",
                           "Some of the points that are clustered, and which clusters they are in.")
      .def(nb::init<Floats, std::int64_t, std::int64_t, std::int64_t>(), nb::arg("points").noconvert(),
           nb::arg("n_points"), nb::arg("n_clusters"), nb::arg("memory"))
      .def("assign", &PartOfPoints::assign, nb::arg("centroids").noconvert())
      .def("sums", &PartOfPoints::sums)
      .def("sizes", &PartOfPoints::sizes)
      .def("labels", &PartOfPoints::labels)
      .def("worst", &PartOfPoints::worst, nb::arg("sizes").noconvert(), nb::arg("exact"))
      .def("repair", &PartOfPoints::repair, nb::arg("point"), nb::arg("to"), nb::arg("row").noconvert())
      .def("move_copies", &PartOfPoints::move_copies, nb::arg("row").noconvert(), nb::arg("from_"),
           nb::arg("to"))
      .def("as_remembered", &PartOfPoints::as_remembered)
      .def("remember", &PartOfPoints::remember, nb::arg("labels"));
}

}  // namespace

void bind_distributed_kmeans(nb::module_& module) {
  bind_part_of_points(module);
  module.def(
      "kmeans_sample",
      [](std::int64_t n_points, const nb::dict& keywords) {
        return to_numpy(kmeans_sample(n_points, options_from<KMeansOptions>(keywords, "kmeans")));
      },
      nb::arg("n_points"), nb::arg("options"), "The points that the starts of k-means look at.");
  module.def(
      "centroids_of",
      [](const Doubles& sums, const Floats& before) {
        return to_numpy(centroids_of(view_of(sums), view_of(before)));
      },
      nb::arg("sums").noconvert(), nb::arg("before").noconvert(),
      "Centroids of clusters whose points have these sums.");
  module.def(
      "objective_of",
      [](const Doubles& sums, const Floats& centroids, std::int64_t n_points) {
        return objective_of(view_of(sums), view_of(centroids), n_points);
      },
      nb::arg("sums").noconvert(), nb::arg("centroids").noconvert(), nb::arg("n_points"),
      "Mean cosine of points with the centroids of their clusters.");
  module.def(
      "sum_of_rows",
      [](const Floats& rows, std::int64_t n_points) {
        const auto x = view_of(rows);
        std::vector<double> sum(static_cast<std::size_t>(x.columns()));
        for (std::int64_t i = 0; i < x.rows(); ++i) add_to_sum(sum, x.row(i), n_points, false);
        return to_numpy(std::move(sum));
      },
      nb::arg("rows").noconvert(), nb::arg("n_points"),
      "The sum of unit rows that are some of n_points, which adds up exactly.");
  module.def(
      "sum_with",
      [](const DoubleVector& sum, const FloatVector& point, std::int64_t n_points, bool subtract) {
        auto result = vector_of(sum);
        add_to_sum(result, span_of(point), n_points, subtract);
        return to_numpy(std::move(result));
      },
      nb::arg("sum").noconvert(), nb::arg("point").noconvert(), nb::arg("n_points"), nb::arg("subtract"),
      "A cluster's sum with a point more, or less.");
}

}  // namespace ilk::python
