// B images or texts, D width.
#include <ilk/encoder.h>
#include <ilk/models.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "arrays.h"
#include "bindings.h"
#include "core/option_checks.h"
#include "io/sha256.h"
#include "options.h"
#include "pipeline/embed_images.h"
#include "watch.h"

namespace ilk::python {
namespace {

std::unique_ptr<ImageTextEncoder> load(const std::string& model, const std::string& precision) {
  return load_image_text_encoder(find_model(model), enum_value<Precision>(precision, "encoder", "precision"));
}
std::unique_ptr<TextEncoder> load_text(const std::string& model, const std::string& precision) {
  return load_text_encoder(find_model(model), enum_value<Precision>(precision, "encoder", "precision"));
}

nb::dict to_python(EmbeddedImages images) {
  nb::list skipped;
  for (const SkippedFile& file : images.skipped)
    skipped.append(nb::make_tuple(file.path, file.kind, file.reason));
  if (images.rows.empty())
    for (std::size_t i = 0; i < images.paths.size(); ++i) images.rows.push_back(static_cast<std::int64_t>(i));
  return Fields()
      .add("embeddings", to_numpy(std::move(images.embeddings)))
      .add("paths", images.paths)
      .add("rows", to_numpy(std::move(images.rows)))
      .add("skipped", nb::object(std::move(skipped)))
      .add("encoded", images.encoded)
      .add("from_cache", images.from_cache)
      .take();
}

nb::dict embed(const ImageTextEncoder& encoder, const std::function<ImageList()>& list,
               const nb::dict& keywords, const std::string& cache_file, nb::handle listener,
               std::int64_t n_jobs) {
  const auto options = options_from<DecodeOptions>(keywords, "embed_images");
  return to_python(watched(listener, n_jobs, [&](Progress& progress) {
    EmbeddingCache cache(cache_file);
    EmbeddedImages images = embed_images(encoder, list(), options, cache, progress);
    if (!cache.notice().empty()) progress.say(cache.notice());
    return images;
  }));
}

Matrix<float> encode_texts(const TextEncoder& encoder, const std::vector<std::string>& texts,
                           Progress& progress) {
  constexpr std::size_t at_a_time = 256;
  auto features = Matrix<float>::uninitialised(static_cast<std::int64_t>(texts.size()), encoder.width());
  progress.start("Encoding texts", features.rows(), "texts");
  for (std::size_t begin = 0; begin < texts.size(); begin += at_a_time) {
    progress.check_stop();
    const std::size_t end = std::min(texts.size(), begin + at_a_time);
    const std::vector<std::string> some(texts.begin() + static_cast<std::ptrdiff_t>(begin),
                                        texts.begin() + static_cast<std::ptrdiff_t>(end));
    const Matrix<float> encoded = encoder.encode_texts(some);
    std::copy_n(encoded.data(), encoded.size(), features[static_cast<std::int64_t>(begin)]);
    progress.advance(static_cast<std::int64_t>(end - begin));
  }
  progress.finish();
  return features;
}

}  // namespace

void bind_encoders(nb::module_& module) {
  nb::class_<TextEncoder>(module, "TextEncoder",
                          "What turns texts into embeddings. Immutable, safe for threads.")
      .def(
          "__init__",
          [](TextEncoder*, const std::string&, const std::string&) {
            throw nb::type_error("load_text_encoder makes one.");
          },
          nb::arg("model"), nb::arg("precision"))
      .def_prop_ro("width", &TextEncoder::width, "D")
      .def_prop_ro("fingerprint", &TextEncoder::fingerprint, "SHA-256 of all that an embedding depends on.")
      .def_prop_ro("precision",
                   [](const TextEncoder& encoder) { return std::string(enum_name(encoder.precision())); })
      .def(
          "encode_texts",
          [](const TextEncoder& encoder, const std::vector<std::string>& texts, nb::handle listener,
             std::int64_t n_jobs) {
            return to_numpy(watched(listener, n_jobs, [&](Progress& progress) {
              return encode_texts(encoder, texts, progress);
            }));
          },
          nb::arg("texts"), nb::arg("listener").none(), nb::arg("n_jobs"),
          "Texts to (B, D), rows of unit length.");
  nb::class_<ImageTextEncoder, TextEncoder>(module, "ImageTextEncoder",
                                            "What sees images and reads texts in one space.")
      .def_prop_ro("directory", [](const ImageTextEncoder& encoder) { return encoder.directory().string(); })
      .def(
          "embed_paths",
          [](const ImageTextEncoder& encoder, const std::vector<std::string>& inputs,
             const std::vector<std::string>& listed, const nb::dict& options, const std::string& cache,
             nb::handle listener, std::int64_t n_jobs) {
            return embed(
                encoder, [&] { return list_images(inputs, listed); }, options, cache, listener, n_jobs);
          },
          nb::arg("inputs"), nb::arg("listed"), nb::arg("options"), nb::arg("cache"),
          nb::arg("listener").none(), nb::arg("n_jobs"), "Encodes the images of folders, files and patterns.")
      .def(
          "embed_files",
          [](const ImageTextEncoder& encoder, const std::vector<std::string>& names,
             const std::vector<nb::bytes>& files, const nb::dict& options, nb::handle listener,
             std::int64_t n_jobs) {
            std::vector<std::string_view> contents;
            for (const nb::bytes& file : files) contents.emplace_back(file.c_str(), file.size());
            ImageList list{.paths = names};
            list.read = [&](std::int64_t i) {
              const std::string_view bytes = contents.at(static_cast<std::size_t>(i));
              return ImageFile{std::string(bytes), sha256_hex(bytes)};
            };
            return embed(
                encoder, [&] { return list; }, options, "", listener, n_jobs);
          },
          nb::arg("names"), nb::arg("files"), nb::arg("options"), nb::arg("listener").none(),
          nb::arg("n_jobs"), "Encodes images whose files' bytes are given.");
  module.def(
      "list_images",
      [](const std::vector<std::string>& inputs) {
        const ImageList list = watched(nb::none(), 0, [&](Progress&) { return list_images(inputs); });
        nb::list skipped;
        for (const SkippedFile& file : list.skipped)
          skipped.append(nb::make_tuple(file.path, file.kind, file.reason));
        return std::pair(list.paths, std::move(skipped));
      },
      nb::arg("inputs"), "Candidate files of folders, files and patterns, and those that were left out.");
  module.def(
      "load_encoder",
      [](const std::string& model, const std::string& precision) {
        return watched(nb::none(), 0, [&](Progress&) { return load(model, precision); });
      },
      nb::arg("model"), nb::arg("precision"),
      "The model that sees images and reads texts, by name or directory.");
  module.def(
      "load_text_encoder",
      [](const std::string& model, const std::string& precision) {
        return watched(nb::none(), 0, [&](Progress&) { return load_text(model, precision); });
      },
      nb::arg("model"), nb::arg("precision"), "The model that reads texts, by name or directory.");
  module.def("embed_images_options", &describe<DecodeOptions>,
             "The keywords of embed_images: name, type, default, help.");
}

}  // namespace ilk::python
