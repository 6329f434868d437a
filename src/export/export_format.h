#pragma once
// N images, K clusters, D dimensions.
#include <ilk/export.h>
#include <ilk/image.h>
#include <ilk/matrix.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
};

/// What an export is made of.
struct ExportedRun {
  std::vector<ExportedImage> images;
  std::vector<std::string> names;             ///< of the clusters, by number; empty: there is none
  std::function<Matrix<float>()> embeddings;  ///< (N, D), rows of unit length
  std::function<Matrix<float>()> map;         ///< (N, 2), where images lie on a map
  DecodeOptions decode;                       ///< as the run decoded its images
};

/// A format to export to: a name, a line of help, and how it is written. The table is export_format_list.h.
struct ExportFormat {
  enum class Place { file, folder, beside };
  std::string_view name, help;
  Place place;  ///< what `output` names; beside: it may be left out, and files go beside the images
  ExportSummary (*write)(const ExportedRun& run, const ExportOptions& options, Progress& progress);
  bool copies_images = false;  ///< whether `link` is for it
  bool undo = false;           ///< whether `undo` is for it
};
const std::vector<const ExportFormat*>& export_format_table();

/// Throws Error for a name that is not in the table, and for options that the format does not know.
const ExportFormat& find_export_format(const ExportOptions& options);

/// Writes the text as `path`, unless it says just that already; counts it in the summary.
void write_text(const std::filesystem::path& path, const std::string& text, ExportSummary& summary);

}  // namespace ilk
