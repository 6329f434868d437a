#pragma once
// N images, D embedding width.
#include <ilk/encoder.h>
#include <ilk/image.h>
#include <ilk/image_list.h>
#include <ilk/options.h>
#include <ilk/progress.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ilk {

struct EmbedOptions {
  std::filesystem::path output;
  std::string model = "ilk-lite";
  Precision precision = Precision::automatic;
  Device device = Device::automatic;
  std::optional<std::int64_t> threads;
  std::string cache;
  DecodeOptions images;
};

template <OptionsOf<EmbedOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{
      "output", options.output,
      "file to write: .npy, .safetensors (both with the paths beside it, in FILE.names.txt), .parquet or "
      ".csv"});
  visit(Field{"model", options.model,
              "ilk-lite, another name from `ilk models list`, or a CLIP's Hugging Face directory"});
  visit(Field{"precision", options.precision, precision_help});
  visit(Field{"device", options.device, device_help});
  visit(Field{"threads", options.threads, "threads to use (else all cores)"}.between(1, 4096));
  visit(
      Field{"cache", options.cache, "folder for embeddings that are kept between runs; none: keep nothing"});
  visit.group("images", options.images);
}

struct EmbeddedImages {
  Matrix<float> embeddings;        ///< X (N, D), rows of unit length
  std::vector<std::string> paths;  ///< the N usable files, in the order of the list
  std::vector<std::int64_t> rows;  ///< the place of each in the list; empty: all of it, in order
  std::vector<SkippedFile>
      skipped;                  ///< those of the list and those that could not be decoded, in order of path
  std::int64_t encoded = 0;     ///< images that the model saw now
  std::int64_t from_cache = 0;  ///< images whose embedding was kept from before
  std::int64_t repeated = 0;    ///< images with the same bytes as an earlier one, encoded once
};

/// Reads, decodes and encodes the images of a list; several at a time, each thread decoding and encoding its
/// own few, so that all cores are busy and memory does not grow with N beyond X. A file that cannot be used
/// is skipped with its reason. Embeddings do not depend on threads or on the order of work.
///
/// Throws Error where no image is usable; Stopped on request.
EmbeddedImages embed_images(const ImageTextEncoder& encoder, const ImageList& list,
                            const DecodeOptions& options = {}, Progress& progress = silent());

struct EmbedSummary {
  std::int64_t n_images = 0, width = 0, encoded = 0, from_cache = 0, repeated = 0;
  std::vector<SkippedFile> skipped;
  std::filesystem::path names;  ///< the file with the paths; empty: they are in the output
  std::string notice;           ///< what the user should know; empty: nothing
};

/// Encodes images and writes their embeddings (N, D), float32 with rows of unit length, in the order of the
/// list. The file's ending chooses the format: .npy; .safetensors, an array "embeddings" and the model's
/// fingerprint among the metadata; .parquet, the columns path and embedding; .csv, path and a column for each
/// dimension. `ilk cluster --features FILE --names FILE.names.txt` takes the first two. Throws Error for
/// another ending, and where no image is usable.
EmbedSummary embed_to_file(const ImageList& images, const EmbedOptions& options,
                           Progress& progress = silent());

}  // namespace ilk
