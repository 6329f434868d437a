#pragma once
// N images, K clusters, D dimensions.
#include <ilk/image.h>
#include <ilk/matrix.h>
#include <ilk/progress.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "export/export_options.h"

namespace ilk {

/// One image of a run and where it was put.
struct ExportedImage {
  std::string path;            ///< as in assignments.csv
  std::filesystem::path file;  ///< the same, absolute
  std::int64_t cluster = 0;
  std::string name;                    ///< the cluster's
  double score = 0;                    ///< cosine with the cluster's centroid
  std::optional<std::int64_t> second;  ///< the runner-up; none: there is one cluster
  std::optional<double> margin;        ///< how far the runner-up is behind
  std::string top_nouns;
  std::vector<std::int64_t> above;  ///< its clusters in the levels above, the topmost first
  std::vector<std::int64_t> by;     ///< its cluster by each of the criteria; −1: it has none
};

/// Other clusters of the same images.
struct ExportedCriterion {
  std::string name;                ///< "colour"
  std::vector<std::string> names;  ///< of its clusters, by number
};

/// What an export is made of.
struct ExportedRun {
  std::vector<ExportedImage> images;
  std::vector<std::string> names;                ///< of the clusters, by number; empty: there is none
  std::vector<std::vector<std::string>> levels;  ///< names in each level above, by number, the topmost first
  std::vector<ExportedCriterion> criteria;
  std::function<Matrix<float>()> embeddings;  ///< (N, D), rows of unit length
  std::function<Matrix<float>()> map;         ///< (N, 2), where images lie on a map
  DecodeOptions decode;                       ///< as the run decoded its images
};

/// The names on the way down to an image's cluster, the topmost first, its own last.
std::vector<std::string> name_path(const ExportedRun& run, const ExportedImage& image);

/// Columns that tables have behind those of every run: cluster_5, name_5 of a level with 5 clusters, colour
/// and colour_name of a criterion.
struct ExtraColumns {
  std::string number_column, name_column;
  std::vector<std::optional<std::int64_t>> numbers;  ///< (N)
  std::vector<std::string> names;                    ///< (N)
};
std::vector<ExtraColumns> extra_columns(const ExportedRun& run);

/// A format to export to: a name, a line of help, and how it is written. The table is export_format_list.h.
struct ExportFormat {
  enum class Place { file, folder, beside };
  std::string_view name, help;
  Place place;  ///< what `output` names; beside: it may be left out, and files go beside the images
  ExportSummary (*write)(const ExportedRun& run, const ExportOptions& options, Progress& progress);
  bool copies_images = false;  ///< whether `link` is for it
  bool undo = false;           ///< whether `undo` is for it
  bool binary = false;         ///< whether its file is no text
};
const std::vector<const ExportFormat*>& export_format_table();

/// Throws Error for a name that is not in the table, and for options that the format does not know.
const ExportFormat& find_export_format(const ExportOptions& options);

/// Writes the text as `path`, unless it says just that already; counts it in the summary.
void write_text(const std::filesystem::path& path, const std::string& text, ExportSummary& summary);

}  // namespace ilk
