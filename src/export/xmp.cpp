#include <algorithm>
#include <exception>
#include <map>

#include "core/fail.h"
#include "export/common_folder.h"
#include "export/export_format_list.h"
#include "export/xmp_packet.h"
#include "io/files.h"
#include "io/strings.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;

/// A name as a step of a hierarchy: what separates steps becomes a dash.
std::string step(std::string name, char separator) {
  std::replace(name.begin(), name.end(), separator, '-');
  return name;
}

/// Keywords for the names on the way down to a cluster; a name that is there twice in a row counts once.
XmpKeywords keywords_of(const std::vector<std::string>& names, const std::string& root) {
  XmpKeywords keywords;
  std::string hierarchy = step(root, '|'), tag = step(root, '/');
  for (const std::string& cluster : names) {
    // XMP is XML, which has no control characters.
    std::string name = single_spaced(as_json_has_it(cluster));
    std::erase_if(name, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    if (name.empty() || (!keywords.subjects.empty() && keywords.subjects.back() == name)) continue;
    hierarchy += (hierarchy.empty() ? "" : "|") + step(name, '|');
    tag += (tag.empty() ? "" : "/") + step(name, '/');
    keywords.subjects.push_back(std::move(name));
  }
  if (keywords.subjects.empty()) return {};
  keywords.hierarchies = {hierarchy};
  keywords.tags = {tag};
  return keywords;
}

void add_to(XmpKeywords& all, const XmpKeywords& more) {
  for (const auto list : {&XmpKeywords::subjects, &XmpKeywords::hierarchies, &XmpKeywords::tags})
    for (const auto& word : more.*list)
      if (std::find((all.*list).begin(), (all.*list).end(), word) == (all.*list).end())
        (all.*list).push_back(word);
}

fs::path sidecar_of(const fs::path& image, const ExportOptions& options, const fs::path& common) {
  fs::path sidecar = options.output.empty() ? image : options.output / image.lexically_relative(common);
  if (options.sidecar == Sidecar::stem) return sidecar.replace_extension(".xmp");
  return sidecar += ".xmp";
}

/// Brings one sidecar to what is wanted.
void update(const fs::path& place, const XmpKeywords& wanted, ExportSummary& summary) {
  std::error_code error;
  const bool exists = fs::exists(place, error);
  const fs::path file = exists ? fs::canonical(place) : place;  // a link stays a link
  const std::string before = exists ? read_file(file) : "";
  const auto after = with_keywords(before, wanted);
  if (!after) {
    if (!exists) return;
    fs::remove(file, error);
    require(!error, "export", "cannot remove ", file, ": ", error.message(), ".");
    ++summary.removed;
  } else if (exists && *after == before) {
    ++summary.unchanged;
  } else {
    write_file_atomically(file, *after);
    ++summary.written;
  }
}

ExportSummary export_xmp(const ExportedRun& run, const ExportOptions& options, Progress& progress) {
  ExportSummary summary{.output = options.output};
  std::vector<fs::path> files;
  files.reserve(run.images.size());
  for (const auto& image : run.images) files.push_back(image.file);
  const fs::path common = common_folder(files);
  struct Wanted {
    std::string path;  // of the first image
    XmpKeywords keywords;
  };
  std::map<fs::path, Wanted> sidecars;  // several images may share one: IMG_1.jpg and IMG_1.CR2
  for (const auto& image : run.images) {
    std::error_code error;
    const fs::path sidecar = sidecar_of(image.file, options, common);
    if (!fs::is_regular_file(image.file, error) && !(options.undo && fs::exists(sidecar, error))) {
      summary.skipped.push_back({image.path, "vanished", "there is no such file any more"});
      continue;
    }
    auto& wanted = sidecars[sidecar];
    if (wanted.path.empty()) wanted.path = image.path;
    if (options.undo) continue;
    add_to(wanted.keywords, keywords_of(name_path(run, image), options.keyword_root));
    for (std::size_t c = 0; c < run.criteria.size(); ++c) {
      const auto& [criterion, names] = run.criteria[c];
      if (image.by[c] < 0) continue;
      const std::string& name = names[static_cast<std::size_t>(image.by[c])];
      if (name == "unnamed " + std::to_string(image.by[c])) continue;  // no word of the criterion's
      XmpKeywords keywords = keywords_of({criterion, name}, options.keyword_root);
      std::erase(keywords.subjects, criterion);
      add_to(wanted.keywords, keywords);
    }
  }
  with_keywords("", {});  // where there is no Exempi that is one error, not one for each image
  std::exception_ptr first_fault;
  progress.start("Writing sidecars", static_cast<std::int64_t>(sidecars.size()), "images");
  for (const auto& [sidecar, wanted] : sidecars) {
    progress.check_stop();
    try {
      update(sidecar, wanted.keywords, summary);
    } catch (const Error& error) {
      if (dynamic_cast<const WriteError*>(&error) && !first_fault) first_fault = std::current_exception();
      summary.skipped.push_back(
          {wanted.path, "sidecar", "the sidecar " + sidecar.string() + " stays as it is: " + error.text()});
    }
    progress.advance(1);
  }
  progress.finish();
  if (first_fault && summary.written + summary.unchanged + summary.removed == 0)
    std::rethrow_exception(first_fault);  // no sidecar can be written: the disk, not a file
  return summary;
}

}  // namespace

const ExportFormat xmp_export{
    .name = "xmp",
    .help = "sidecars with the clusters' names as keywords, for digiKam, darktable, Lightroom",
    .place = ExportFormat::Place::beside,
    .write = export_xmp,
    .undo = true};

}  // namespace ilk
