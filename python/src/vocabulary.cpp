// P nouns, D width.
#include <ilk/wordnet.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "bindings.h"
#include "encoders/text_features.h"
#include "io/files.h"
#include "pipeline/vocabulary_file.h"
#include "watch.h"

namespace ilk::python {

void bind_vocabulary(nb::module_& module) {
  module.def(
      "read_vocabulary_file",
      [](const std::string& path) {
        struct Read {
          VocabularyFile file;
          Matrix<float> features;
        };
        Read read = watched(nb::none(), 0, [&](Progress&) {
          VocabularyFile file(path);
          Matrix<float> features = file.features();
          return Read{std::move(file), std::move(features)};
        });
        return std::tuple(read.file.nouns().texts, to_numpy(std::move(read.features)),
                          read.file.facts().model_fingerprint);
      },
      nb::arg("path"),
      "Nouns, their features, and the fingerprint of the model that made them, from a file of `ilk vocab "
      "build`.");
  module.def(
      "read_nouns", [](const std::string& path) { return read_nouns(path).texts; }, nb::arg("path"),
      "A list of nouns, one a line, each once.");
  module.def(
      "read_templates", [](const std::string& path) { return read_templates(path); }, nb::arg("path"),
      "Prompt templates, one a line.");
  module.def("default_templates", &default_templates, "The templates that nouns are written in.");
  module.def(
      "wordnet_nouns", [](const std::string& directory) { return WordNet(directory).nouns(); },
      nb::arg("directory"), "Every noun of WordNet.");
  module.def(
      "make_corpus",
      [](const std::string& source, const std::vector<std::string>& texts) {
        const Corpus corpus = make_corpus(source, texts);
        return std::pair(corpus.texts, corpus.sha256);
      },
      nb::arg("source"), nb::arg("texts"), "Texts trimmed, each once, and their SHA-256.");
  module.def(
      "embed_corpus",
      [](const TextEncoder& encoder, const std::vector<std::string>& texts,
         const std::vector<std::string>& templates, const std::string& cache, nb::handle listener,
         std::int64_t n_jobs) {
        TextFeatures found = watched(listener, n_jobs, [&](Progress& progress) {
          TextFeatures features = embed_corpus(encoder, make_corpus("Python", texts), templates, cache,
                                               "Encoding nouns", progress);
          if (!features.notice.empty()) progress.say(features.notice);
          return features;
        });
        return to_numpy(std::move(found.features));
      },
      nb::arg("encoder"), nb::arg("texts"), nb::arg("templates"), nb::arg("cache"),
      nb::arg("listener").none(), nb::arg("n_jobs"),
      "Features of distinct texts, each written into each template; kept in the cache folder.");
  module.def(
      "default_cache", [] { return cache_directory().string(); },
      "ilk's folder for what is kept between runs.");
}

}  // namespace ilk::python
