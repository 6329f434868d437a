// N points in several processes, D dimensions, K clusters, R starts.

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
  PartOfPoints(Floats points, std::int64_t n_points, std::int64_t n_clusters, std::int64_t n_starts,
               std::int64_t memory)
      : points_(std::move(points)), part_(view_of(points_), n_points, n_clusters, n_starts, memory) {}

  /// How many points moved, and how many are tied.
  nb::tuple assign(std::int64_t start, const Floats& centroids) {
    {
      const auto c = view_of(centroids);
      const nb::gil_scoped_release without_gil;
      part_.assign(start, c);
    }
    return nb::make_tuple(part_.moved(start), part_.tied(start));
  }
  NumpyMatrix<double> sums(std::int64_t start) const { return to_numpy(Matrix<double>(part_.sums(start))); }
  NumpyVector<std::int64_t> sizes(std::int64_t start) const { return copy_of(part_.sizes(start)); }
  NumpyVector<std::int32_t> labels(std::int64_t start) const { return copy_of(part_.labels(start)); }
  nb::tuple worst(std::int64_t start, const Whole& sizes, bool exact) {
    const auto found = part_.worst(start, span_of(sizes), exact);
    return nb::make_tuple(found.point, found.cosine);
  }
  void repair(std::int64_t start, std::int64_t point, std::int64_t to, const FloatVector& row) {
    part_.repair(start, point, to, span_of(row));
  }
  void move_copies(std::int64_t start, const FloatVector& row, std::int64_t from, std::int64_t to) {
    part_.move_copies(start, span_of(row), from, to);
  }
  bool as_remembered(std::int64_t start) const { return part_.as_remembered(start); }
  void remember(std::int64_t start, bool labels) { part_.remember(start, labels); }

 private:
  Floats points_;
  KMeansPart part_;
};

void bind_part_of_points(nb::module_& module) {
  nb::class_<PartOfPoints>(module, "KMeansPart",
                           "Some of the points that are clustered, with the state of the starts.")
      .def(nb::init<Floats, std::int64_t, std::int64_t, std::int64_t, std::int64_t>(),
           nb::arg("points").noconvert(), nb::arg("n_points"), nb::arg("n_clusters"), nb::arg("n_starts"),
           nb::arg("memory"))
      .def("assign", &PartOfPoints::assign, nb::arg("start"), nb::arg("centroids").noconvert())
      .def("sums", &PartOfPoints::sums, nb::arg("start"))
      .def("sizes", &PartOfPoints::sizes, nb::arg("start"))
      .def("labels", &PartOfPoints::labels, nb::arg("start"))
      .def("worst", &PartOfPoints::worst, nb::arg("start"), nb::arg("sizes").noconvert(), nb::arg("exact"))
      .def("repair", &PartOfPoints::repair, nb::arg("start"), nb::arg("point"), nb::arg("to"),
           nb::arg("row").noconvert())
      .def("move_copies", &PartOfPoints::move_copies, nb::arg("start"), nb::arg("row").noconvert(),
           nb::arg("from_"), nb::arg("to"))
      .def("as_remembered", &PartOfPoints::as_remembered, nb::arg("start"))
      .def("remember", &PartOfPoints::remember, nb::arg("start"), nb::arg("labels"));
}

}  // namespace

void bind_distributed_kmeans(nb::module_& module) {
  bind_part_of_points(module);
  module.def(
      "kmeans_sample",
      [](std::int64_t n_points, const nb::dict& keywords) {
        return to_numpy(kmeans_sample(n_points, options_from<KMeansOptions>(keywords, "kmeans")));
      },
      nb::arg("n_points"), nb::arg("options"), "The points that k-means++ draws its centres among.");
  module.def(
      "kmeans_origin_sample", [](std::int64_t n_points) { return to_numpy(kmeans_origin_sample(n_points)); },
      nb::arg("n_points"), "The points whose mean the distances of k-means++ are measured around.");
  module.def(
      "first_centres",
      [](const Floats& sample, const Floats& origin_points, std::int64_t n_points, const nb::dict& keywords,
         std::int64_t first_start, std::int64_t n_starts) {
        const auto options = options_from<KMeansOptions>(keywords, "kmeans");
        const auto s = view_of(sample), o = view_of(origin_points);
        auto found = [&] {
          const nb::gil_scoped_release without_gil;
          return first_centres(s, o, n_points, options, first_start, n_starts);
        }();
        return to_numpy(std::move(found));
      },
      nb::arg("sample").noconvert(), nb::arg("origin_points").noconvert(), nb::arg("n_points"),
      nb::arg("options"), nb::arg("first_start"), nb::arg("n_starts"),
      "The first centres of some starts of k-means++: rows of the sample.");
  module.def(
      "starts_side_by_side",
      [](std::int64_t n_points, const nb::dict& keywords) {
        return starts_side_by_side(n_points, options_from<KMeansOptions>(keywords, "kmeans"));
      },
      nb::arg("n_points"), nb::arg("options"), "How many starts k-means runs side by side.");
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
