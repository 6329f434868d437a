#include "pipeline/search_run.h"

#include <ilk/image.h>
#include <ilk/neighbours.h>
#include <ilk/threads.h>

#include <algorithm>

#include "core/fail.h"
#include "core/option_checks.h"
#include "core/text.h"
#include "io/csv.h"
#include "io/files.h"
#include "pipeline/assignments_csv.h"
#include "pipeline/page_pictures.h"
#include "pipeline/run_encoder.h"
#include "pipeline/run_files.h"

namespace ilk {
namespace {

constexpr std::string_view in_search = "search";

/// The query (1, D).
Matrix<float> query_of(const ImageTextEncoder& encoder, const RunFiles& run, const std::string& words,
                       const SearchOptions& options) {
  if (options.image.empty()) return encoder.encode_texts({words});
  try {
    const Matrix<float> pixels =
        decode_for_model(read_image_file(options.image), encoder.preprocessor(), run.options().images);
    return encoder.encode_images(MatrixView<const float>(pixels.data(), 1, pixels.size()));
  } catch (const ImageError& error) {
    fail(in_search, "--image must be a picture that can be read; ", options.image, " (", error.kind(),
         "): ", error.what(), ".");
  }
}

}  // namespace

std::vector<SearchHit> search_run(const std::filesystem::path& directory, const std::string& words,
                                  const SearchOptions& options, Progress& progress) {
  check_ranges(options, in_search);
  require(words.empty() != options.image.empty(), in_search, "either words or --image must be given",
          words.empty() ? "." : ", not both.");
  set_threads(static_cast<int>(options.threads.value_or(0)));
  const RunFiles run(directory);
  const auto rows = read_assignment_rows(directory / "assignments.csv");
  const auto encoder = encoder_of_run(run, options.model, in_search);
  const Matrix<float> query = query_of(*encoder, run, words, options);
  const auto count = std::min<std::int64_t>(options.count, static_cast<std::int64_t>(rows.size()));
  const Neighbours nearest = nearest_neighbours(query, run.embeddings(rows.size()), count);

  std::vector<SearchHit> hits;
  std::string csv = "path,cosine,cluster,name\n";
  Gallery::Section section{.heading = std::to_string(count) + " nearest images",
                           .note = "Nearest first, by the cosine of the run's model.",
                           .groups = {{}}};
  for (std::int64_t i = 0; i < count; ++i) {
    const AssignmentRow& row = rows[static_cast<std::size_t>(nearest.indices[0][i])];
    hits.push_back({row.path, static_cast<double>(nearest.cosines[0][i]), row.cluster, row.name});
    const std::string cosine = fixed(hits.back().cosine, 4);
    csv += csv_field(row.path) + "," + cosine + "," + std::to_string(row.cluster) + "," +
           csv_field(row.name) + "\n";
    section.groups[0].push_back({.path = row.path, .caption = cosine + " · " + row.name});
  }
  if (!options.output.empty()) write_file_atomically(options.output, csv);
  if (!options.page.empty()) {
    Gallery gallery{.title = words.empty() ? "Like " + options.image : words,
                    .subtitle = directory.string(),
                    .sections = {std::move(section)}};
    write_gallery(options.page, gallery, run, progress);
  }
  return hits;
}

}  // namespace ilk
