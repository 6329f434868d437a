#include "pipeline/run_files.h"

#include <ilk/array.h>

#include "cluster/principal_plane.h"
#include "core/fail.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "pipeline/run_directory_lock.h"
#include "pipeline/run_options_json.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
}  // namespace

RunFiles::RunFiles(fs::path directory) : directory_(std::move(directory)) {
  const auto file = directory_ / "manifest.json";
  require_run(directory_, "manifest.json", "run");
  try {
    const auto manifest = nlohmann::json::parse(read_file(file));
    const std::string notice = unfinished_run_notice(directory_);
    require(notice.empty(), "run", notice);
    require(manifest.at("status") == "complete", "run", directory_, " must be a finished run, but ", file,
            " does not say that it is complete.");
    options_ = run_options_from_json(manifest.at("options"));
    start_ = manifest.value("working_directory", "");
  } catch (const nlohmann::json::exception& problem) {
    fail("run", file, " cannot be read: ", problem.what(), ".");
  }
  std::error_code error;
  if (start_.empty() || !fs::is_directory(start_, error)) start_ = fs::current_path();
}

fs::path RunFiles::file(const std::string& path) const {
  return (start_ / path).lexically_normal();
}

std::string RunFiles::fact(const std::string& name) const {
  const SafetensorsFile file(directory_ / "features.safetensors");
  const auto found = file.metadata().find(name);
  return found == file.metadata().end() ? "" : found->second;
}

Matrix<float> RunFiles::map(std::size_t rows) const {
  const auto file = directory_ / "map.npy";
  std::error_code error;
  if (!fs::exists(file, error)) return principal_plane(clustered(rows));
  const ArrayFile array(file.string());
  require(array.shape() == std::vector<std::int64_t>{static_cast<std::int64_t>(rows), 2}, "run", file,
          " must have two columns and a row for each of the run's ", rows, " images.");
  return array.rows(0, static_cast<std::int64_t>(rows)).to_matrix();
}

Matrix<float> RunFiles::matrix(const std::string& name, std::size_t rows) const {
  Matrix<float> matrix = SafetensorsFile(directory_ / "features.safetensors").get(name).to_matrix();
  require(matrix.rows() == static_cast<std::int64_t>(rows), "run", directory_,
          ": features.safetensors and assignments.csv must be of one run, but have ", matrix.rows(), " and ",
          rows, " images.");
  return matrix;
}

}  // namespace ilk
