#pragma once
// What a run found, for other programs.
#include <ilk/image_list.h>
#include <ilk/options.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ilk {

enum class Link { copy, hard, symbolic };
constexpr auto enum_names(Link) {
  return std::array<std::string_view, 3>{"copy", "hard", "symbolic"};
}

enum class Sidecar { full, stem };
constexpr auto enum_names(Sidecar) {
  return std::array<std::string_view, 2>{"full", "stem"};
}

struct ExportOptions {
  std::string to;
  std::filesystem::path output;
  Link link = Link::copy;
  Sidecar sidecar = Sidecar::full;
  std::string keyword_root = "ilk";
  bool undo = false;
};

template <OptionsOf<ExportOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"to", options.to, "what to make; the list is below"});
  visit(Field{"output", options.output,
              "file or folder to write (xmp: a folder for the sidecars, else they go beside the images)"});
  visit(Field{"link", options.link,
              "folders, imagefolder: copy images, or make hard links (the same file under a second name) or "
              "symbolic links"});
  visit(Field{"sidecar", options.sidecar,
              "xmp: full is IMG_1.jpg.xmp (digiKam, darktable), stem is IMG_1.xmp (Lightroom)"});
  visit(Field{"keyword_root", options.keyword_root,
              "xmp: keyword above the clusters' names in the hierarchies; empty: none"});
  visit(Field{"undo", options.undo,
              "folders, imagefolder, xmp: remove what an earlier export made and nobody changed since"});
}

/// What an export did.
struct ExportSummary {
  std::filesystem::path output;      ///< empty where files went beside the images
  std::int64_t written = 0;          ///< files
  std::int64_t unchanged = 0;        ///< files that were there and right
  std::int64_t removed = 0;          ///< files of an earlier export that are not wanted any more
  std::vector<SkippedFile> skipped;  ///< images that could not be exported
  std::vector<std::string> notices;  ///< what the user should know
};

/// Name and one line of help for each format, in the order that help shows them.
std::vector<std::pair<std::string, std::string>> export_formats();

}  // namespace ilk
