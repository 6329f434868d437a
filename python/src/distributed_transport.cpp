// N images in several processes, M words, D dimensions.
#include <nanobind/stl/pair.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "bindings.h"
#include "cluster/distributed_transport.h"
#include "options.h"

namespace ilk::python {
namespace {

CosinesBy cosines_by(bool in_16_bits) {
  return in_16_bits ? CosinesBy::int16 : CosinesBy::floats;
}

class SharedWords {
 public:
  explicit SharedWords(Floats words) : words_(std::move(words)), packed_(view_of(words_)) {}
  const TransportWords& packed() const { return packed_; }
  std::size_t count() const { return words_.shape(0); }

 private:
  Floats words_;
  TransportWords packed_;
};

/// A TransportPart, the array that its images lie in, and its words.
class PartOfImages {
 public:
  PartOfImages(Floats images, nb::object words, std::int64_t n_images, double epsilon, bool keep_cosines,
               std::int64_t entries)
      : images_(std::move(images)),
        words_(std::move(words)),
        n_words_(nb::cast<const SharedWords&>(words_).count()),
        part_(view_of(images_), nb::cast<const SharedWords&>(words_).packed(), n_images, epsilon,
              keep_cosines, entries) {}

  NumpyVector<double> sums(const DoubleVector& potentials, bool in_16_bits, bool take_entries) {
    std::vector<double> found(n_words_);
    {
      const auto g = span_of(potentials);
      const nb::gil_scoped_release without_gil;
      part_.sums(g, cosines_by(in_16_bits), take_entries, found);
    }
    return to_numpy(std::move(found));
  }
  nb::tuple log_sums(const std::vector<std::int64_t>& columns, const DoubleVector& potentials,
                     bool in_16_bits) {
    std::vector<double> highest(columns.size()), found(columns.size());
    part_.log_sums(columns, span_of(potentials), cosines_by(in_16_bits), highest, found);
    return nb::make_tuple(to_numpy(std::move(highest)), to_numpy(std::move(found)));
  }
  nb::tuple entry_sums(const FloatVector& changes, double factor) const {
    std::vector<double> found(n_words_);
    const double rest = part_.entry_sums(span_of(changes), factor, found);
    return nb::make_tuple(to_numpy(std::move(found)), rest);
  }

 private:
  Floats images_;
  nb::object words_;
  std::size_t n_words_;
  TransportPart part_;
};

/// Passes that Python makes.
class PythonPasses : public TransportPasses {
 public:
  explicit PythonPasses(nb::handle passes) : passes_(passes) {}

  Matrix<double> sums(std::int64_t n_chunks, std::span<const double> g, CosinesBy by,
                      bool take_entries) override {
    return matrix_from(passes_.attr("sums")(n_chunks, array_of(g), by == CosinesBy::int16, take_entries));
  }
  LogSums log_sums(std::int64_t n_chunks, const std::vector<std::int64_t>& columns, std::span<const double> g,
                   CosinesBy by) override {
    const nb::object found = passes_.attr("log_sums")(n_chunks, columns, array_of(g), by == CosinesBy::int16);
    return {matrix_from(found[0]), matrix_from(found[1])};
  }
  EntrySums entry_sums(std::span<const float> changes, double factor) override {
    const nb::object found = passes_.attr("entry_sums")(array_of(changes), factor);
    return {matrix_from(found[0]), vector_of(nb::cast<DoubleVector>(found[1]))};
  }

 private:
  template <class T>
  static NumpyVector<T> array_of(std::span<const T> values) {
    return to_numpy(std::vector<T>(values.begin(), values.end()));
  }
  static Matrix<double> matrix_from(const nb::object& array) {
    return Matrix<double>(view_of(nb::cast<Doubles>(array)));
  }
  nb::handle passes_;
};

nb::dict chunks_of(std::int64_t n_images, std::int64_t n_words, std::int64_t dimensions) {
  const TransportChunks found = transport_chunks(n_images, n_words, dimensions);
  std::vector<std::int64_t> ends;
  for (const auto& chunk : found.chunks) ends.push_back(chunk.end);
  return Fields()
      .add("ends", to_numpy(std::move(ends)))
      .add("kept", found.kept)
      .add("sample_chunks", found.sample_chunks)
      .add("entries", found.entries)
      .take();
}

}  // namespace

void bind_distributed_transport(nb::module_& module) {
  nb::class_<SharedWords>(module, "TransportWords", "Words that several TransportPart share.")
      .def(nb::init<Floats>(), nb::arg("words").noconvert());
  nb::class_<PartOfImages>(module, "TransportPart",
                           "One chunk's images and what is kept of them between passes.")
      .def(nb::init<Floats, nb::object, std::int64_t, double, bool, std::int64_t>(),
           nb::arg("images").noconvert(), nb::arg("words"), nb::arg("n_images"), nb::arg("epsilon"),
           nb::arg("keep_cosines"), nb::arg("entries"))
      .def("sums", &PartOfImages::sums, nb::arg("potentials").noconvert(), nb::arg("in_16_bits"),
           nb::arg("take_entries"))
      .def("log_sums", &PartOfImages::log_sums, nb::arg("columns"), nb::arg("potentials").noconvert(),
           nb::arg("in_16_bits"))
      .def("entry_sums", &PartOfImages::entry_sums, nb::arg("changes").noconvert(), nb::arg("factor"));
  module.def("transport_chunks", &chunks_of, nb::arg("n_images"), nb::arg("n_words"), nb::arg("dimensions"),
             "How a solve goes through the images: the places where its chunks end, and what is kept.");
  module.def(
      "chunk_images",
      [](std::int64_t n_images, std::int64_t n_words, std::int64_t dimensions, std::int64_t chunk) {
        const TransportChunks found = transport_chunks(n_images, n_words, dimensions);
        const auto [begin, end] = found.chunks.at(static_cast<std::size_t>(chunk));
        return to_numpy(found.images(begin, end));
      },
      nb::arg("n_images"), nb::arg("n_words"), nb::arg("dimensions"), nb::arg("chunk"),
      "The images of one chunk, ascending.");
  module.def(
      "chunk_bounds",
      [](std::int64_t n_images, std::int64_t n_words, std::int64_t dimensions) {
        const TransportChunks found = transport_chunks(n_images, n_words, dimensions);
        std::vector<std::pair<std::int64_t, std::int64_t>> bounds;
        for (const auto& [begin, end] : found.chunks)
          bounds.emplace_back(found.images(begin, begin + 1)[0], found.images(end - 1, end)[0] + 1);
        return bounds;
      },
      nb::arg("n_images"), nb::arg("n_words"), nb::arg("dimensions"),
      "The first image of each chunk, and the one after its last.");
  module.def(
      "transport_by_passes",
      [](nb::handle passes, std::int64_t n_images, std::int64_t n_words, std::int64_t dimensions,
         const nb::dict& keywords) {
        const auto options = options_from<TransportOptions>(keywords, "transport");
        const auto chunks = transport_chunks(n_images, n_words, dimensions);
        PythonPasses by(passes);
        Transport result = solve_transport(by, chunks, n_words, options);
        return Fields()
            .add("column_potentials", to_numpy(std::move(result.column_potentials)))
            .add("epsilon", result.epsilon)
            .add("iterations", result.iterations)
            .add("marginal_error", result.marginal_error)
            .add("converged", result.converged)
            .take();
      },
      nb::arg("passes"), nb::arg("n_images"), nb::arg("n_words"), nb::arg("dimensions"), nb::arg("options"),
      "Optimal transport by passes over images that are elsewhere.");
  module.def(
      "similarity_sample", [](std::int64_t n_images) { return to_numpy(similarity_sample(n_images)); },
      nb::arg("n_images"), "The images that the transport's epsilon is measured by.");
  module.def(
      "automatic_epsilon",
      [](const Floats& embeddings, const Floats& words) {
        return automatic_epsilon(view_of(embeddings), view_of(words));
      },
      nb::arg("embeddings").noconvert(), nb::arg("words").noconvert(),
      "The transport's epsilon where none is given.");
}

}  // namespace ilk::python
