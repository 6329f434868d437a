#include <ilk/embed.h>
#include <ilk/encoder.h>
#include <ilk/models.h>
#include <ilk/threads.h>
#include <ilk/version.h>

#include <algorithm>
#include <charconv>

#include "core/fail.h"
#include "core/option_checks.h"
#include "export/parquet_file.h"
#include "io/csv.h"
#include "io/files.h"
#include "io/npy_writer.h"
#include "io/safetensors.h"
#include "pipeline/embed_images.h"
#include "pipeline/run_context.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view in_embed = "embed";

/// What is written.
struct Embedded {
  const EmbeddedImages& images;
  const ImageTextEncoder& encoder;
  const EmbedOptions& options;
};

void write_as_npy(const Embedded& embedded) {
  write_npy(embedded.options.output, embedded.images.embeddings);
}

void write_as_safetensors(const Embedded& embedded) {
  write_safetensors(embedded.options.output, {{"embeddings", embedded.images.embeddings}},
                    {{"program", "ilk " ILK_VERSION},
                     {"model_fingerprint", embedded.encoder.fingerprint()},
                     {"precision", std::string(enum_name(embedded.encoder.precision()))}});
}

void write_as_parquet(const Embedded& embedded) {
  write_parquet(embedded.options.output,
                {{"path", embedded.images.paths}, {"embedding", embedded.images.embeddings.view()}});
}

void write_as_csv(const Embedded& embedded) {
  const Matrix<float>& x = embedded.images.embeddings;
  AtomicFile file(embedded.options.output);
  std::string text = "path";
  for (std::int64_t j = 0; j < x.columns(); ++j) text += ",e" + std::to_string(j);
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    text += "\n" + csv_field(embedded.images.paths[static_cast<std::size_t>(i)]);
    for (const float value : x.row(i)) {
      char digits[32];  // the fewest that give the number back
      text += ",";
      text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }
    file.write(text);
    text.clear();
  }
  file.write("\n");
  file.commit();
}

struct FileFormat {
  std::string_view ending;
  bool names_beside;
  void (*write)(const Embedded& embedded);
};
constexpr FileFormat formats[] = {{".npy", true, write_as_npy},
                                  {".safetensors", true, write_as_safetensors},
                                  {".parquet", false, write_as_parquet},
                                  {".csv", false, write_as_csv}};

const FileFormat& format_of(const fs::path& output) {
  std::string ending = output.extension().string();
  if (ending.empty() && is_pipe_or_device(output)) ending = ".csv";
  const auto found = std::find_if(std::begin(formats), std::end(formats),
                                  [&](const FileFormat& format) { return format.ending == ending; });
  require(found != std::end(formats), in_embed,
          "-o must name a file that ends in .npy, .safetensors, .parquet or .csv, got ", output, ".");
  return *found;
}

void write_names(const fs::path& file, const std::vector<std::string>& paths) {
  std::string text;
  for (const auto& path : paths) {
    require(path.find('\n') == std::string::npos, in_embed, "the name of ", path,
            " has a line's end, which a list of names cannot hold; .parquet and .csv can.");
    text += path + "\n";
  }
  write_file_atomically(file, text);
}

}  // namespace

EmbedSummary embed_to_file(const ImageList& list, const EmbedOptions& options, Progress& progress) {
  check_ranges(options, in_embed);
  const FileFormat& format = format_of(options.output);
  set_threads(static_cast<int>(options.threads.value_or(0)));
  const auto encoder = load_image_text_encoder(find_model(options.model), options.precision, options.device);
  const auto folder = cache_folder(options.cache);
  EmbeddingCache cache(folder.empty() ? folder : folder / "embeddings.sqlite");
  const EmbeddedImages images = embed_images(*encoder, list, options.images, cache, progress);
  EmbedSummary summary{.n_images = images.embeddings.rows(),
                       .width = images.embeddings.columns(),
                       .encoded = images.encoded,
                       .from_cache = images.from_cache,
                       .repeated = images.repeated,
                       .skipped = images.skipped,
                       .notice = cache.notice()};
  if (format.names_beside) {
    summary.names = options.output.string() + ".names.txt";
    write_names(summary.names, images.paths);
  }
  format.write({images, *encoder, options});
  return summary;
}

}  // namespace ilk
