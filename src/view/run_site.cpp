#include "view/run_site.h"

#include <ilk/image.h>

#include "core/fail.h"
#include "core/text.h"
#include "io/files.h"
#include "pipeline/assignments_csv.h"
#include "pipeline/run_directory_lock.h"
#include "report/report.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
constexpr const char* script = "text/javascript; charset=utf-8";

std::vector<std::string> paths_of(const fs::path& run) {
  std::vector<std::string> paths;
  for (auto& row : read_assignment_rows(run / "assignments.csv")) paths.push_back(std::move(row.path));
  return paths;
}

/// What browsers show; everything else they may save.
std::string type_of(std::string_view bytes) {
  const auto begins = [&](std::string_view magic) { return bytes.starts_with(magic); };
  if (begins("\xFF\xD8\xFF")) return "image/jpeg";
  if (begins("\x89PNG")) return "image/png";
  if (begins("GIF8")) return "image/gif";
  if (begins("BM")) return "image/bmp";
  if (bytes.size() > 12 && begins("RIFF") && bytes.substr(8, 4) == "WEBP") return "image/webp";
  if (bytes.size() > 12 && (bytes.substr(4, 8) == "ftypavif" || bytes.substr(4, 8) == "ftypavis"))
    return "image/avif";
  return "application/octet-stream";
}

EditRequest request_of(const nlohmann::json& json, const std::vector<std::string>& paths) {
  using Kind = EditRequest::Kind;
  static const std::vector<std::pair<std::string, Kind>> kinds{
      {"rename", Kind::rename}, {"merge", Kind::merge}, {"split", Kind::split},
      {"move", Kind::move},     {"lock", Kind::lock},   {"unlock", Kind::unlock}};
  EditRequest request{.cluster = json.at("cluster").get<std::string>(),
                      .clusters = json.value("clusters", std::vector<std::string>()),
                      .names = json.value("names", std::vector<std::string>()),
                      .parts = json.value("parts", std::int64_t{2})};
  const std::string kind = json.at("kind");
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const auto& each) { return each.first == kind; });
  require(found != kinds.end(), in_view, "there is no edit '", kind, "'.");
  request.kind = found->second;
  for (const std::int64_t row : json.value("rows", std::vector<std::int64_t>())) {
    require(row >= 0 && row < std::ssize(paths), in_view, "the run has no image ", row, ".");
    request.images.push_back(paths[static_cast<std::size_t>(row)]);
  }
  return request;
}

}  // namespace

RunSite::RunSite(const fs::path& run) : files_(run), paths_(paths_of(run)) {
  require_run(run, "report.html", in_view);
}

RunSite::Answer RunSite::page() const {
  return {read_file(files_.directory() / "report.html"), "text/html; charset=utf-8"};
}

std::optional<RunSite::Answer> RunSite::data(std::string_view kind, std::int64_t number) const {
  const std::string name = formatted("%06lld.js", static_cast<long long>(number));
  fs::path file = files_.directory();
  if (kind == "index")
    file /= "report/index.js";
  else if (kind == "pictures" || kind == "names")
    file = file / "report" / kind / name;
  else if (kind == "inspection")
    file /= "inspect/inspect.js";
  else
    return std::nullopt;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return std::nullopt;
  return Answer{read_file(file), script};
}

std::optional<RunSite::Answer> RunSite::original(std::int64_t row) const {
  if (row < 0 || row >= std::ssize(paths_) || !files_.has_files()) return std::nullopt;
  try {
    // Reads nothing but images, so that a path whose file was replaced gives away nothing else.
    ImageFile file = read_image_file(files_.file(paths_[static_cast<std::size_t>(row)]).string());
    std::string type = type_of(file.bytes);
    return Answer{std::move(file.bytes), std::move(type)};
  } catch (const ImageError&) {
    return std::nullopt;
  }
}

RunSite::Answer RunSite::state() const {
  const std::lock_guard guard(mutex_);
  return state(std::vector<std::string>());
}

RunSite::Answer RunSite::state(const std::vector<std::string>& changes) const {
  std::vector<std::int64_t> cluster_of;
  for (const auto& row : read_assignment_rows(files_.directory() / "assignments.csv"))
    cluster_of.push_back(row.cluster);
  std::vector<Report::Cluster> clusters;
  for (const auto& cluster : nlohmann::json::parse(read_file(files_.directory() / "clusters.json")))
    clusters.push_back({.name = cluster.at("name"),
                        .locked = cluster.value("locked", false),
                        .merged_into = cluster.value("merged_into", std::int64_t{-1})});
  return {report_state(cluster_of, clusters, changes), "application/json"};
}

RunSite::Answer RunSite::edit(const std::string& request) {
  const std::lock_guard guard(mutex_);
  try {
    const auto json = nlohmann::json::parse(request);
    const EditSummary summary = json.at("kind") == "undo"
                                    ? undo_edit(files_.directory())
                                    : edit_run(files_.directory(), request_of(json, paths_));
    return state(summary.changes);
  } catch (const nlohmann::json::exception& problem) {
    fail(in_view, "an edit must be JSON with its kind and cluster: ", problem.what(), ".");
  }
}

}  // namespace ilk
