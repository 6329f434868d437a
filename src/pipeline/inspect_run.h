#pragma once
// What is the matter with the images of a run.
#include <ilk/options.h>
#include <ilk/progress.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ilk {

struct InspectOptions {
  std::string labels;
  std::filesystem::path output;
  double similarity = 0.96;
  double burst_gap = 2;
  std::int64_t tiny = 100;
  double odd = 3;
  double dark = 0.25;
  double bright = 0.8;
  double blurred = 0.06;
  std::optional<std::int64_t> threads;
};

template <OptionsOf<InspectOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{
      "labels", options.labels,
      "CSV of path and label, or a label for each row of assignments.csv, to find the likely mislabelled"});
  visit(Field{"output", options.output, "folder for the tables and the page (else RUN/inspect)"});
  visit(Field{
      "similarity", options.similarity,
      "least correlation of two pictures that are near-duplicates (turned, mirrored and cropped ones too)"}
            .between(0.5, 1));
  visit(Field{"burst_gap", options.burst_gap, "most seconds between two images of a burst, by EXIF"}.at_least(
      0));
  visit(Field{"tiny", options.tiny, "an image is tiny where its shorter edge has fewer pixels"}.at_least(0));
  visit(
      Field{"odd", options.odd, "a shape is odd where the longer edge is so many times the shorter"}.at_least(
          1));
  visit(Field{"dark", options.dark, "an image is dark where 95 % of its pixels are below this luma, 0 … 1"}
            .between(0, 1));
  visit(Field{"bright", options.bright,
              "an image is bright where 95 % of its pixels are above this luma, 0 … 1"}
            .between(0, 1));
  visit(
      Field{"blurred", options.blurred, "an image is blurred where its sharpness is below this"}.at_least(0));
  visit(Field{"threads", options.threads, "threads to use (else all cores)"}.between(1, 4096));
}

/// What was found, by number; the tables have it all.
struct InspectSummary {
  std::int64_t n_images = 0;
  std::int64_t unreadable = 0;                      ///< images that are gone or cannot be read any more
  std::int64_t exact_groups = 0, exact_copies = 0;  ///< copies: images besides the best of each group
  std::int64_t near_groups = 0, near_copies = 0;    ///< groups with a copy that is not equal byte for byte
  std::int64_t bursts = 0, outliers = 0, mislabelled = 0;
  std::vector<std::pair<std::string, std::int64_t>> problems;  ///< dark, bright, … and how many images
  std::filesystem::path output;
};

/// Looks at the images of a finished run and writes tables and a page into `options.output`:
///
/// - duplicates.csv: groups of exact duplicates (equal bytes) and near-duplicates, the best copy first: most
///   pixels, then sharpest, then most bytes. Near-duplicates are looked for among each image's 10
///   nearest by the run's embeddings (a cosine of at least 0.5), and by luma at 8 × 8 however turned, and are
///   told by their pixels: the highest correlation of luma at 32 × 32, turned, mirrored, or laid over a part.
/// - bursts.csv: images that one camera took within `burst_gap` seconds of each other.
/// - outliers.csv: images far from all others, by outlier_scores (5 nearest) and outlier_threshold.
/// - quality.csv: size, brightness and sharpness of each image, and whether it is dark, bright, blurred, tiny
/// or
///   of odd shape.
/// - mislabelled.csv, with labels: images whose 15 nearest others, copies left out, agree less with its label
///   than with another.
/// - inspect.html: the same with pictures, the first of each; inspect.js: the rows, from which report.html
/// shows
///   all of them.
///
/// Originals are read. Throws Error for a run whose images are rows of an array, and where none is there.
InspectSummary inspect_run(const std::filesystem::path& run, const InspectOptions& options,
                           Progress& progress = silent());

}  // namespace ilk
