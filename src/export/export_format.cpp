#include "export/export_format_list.h"

#include <algorithm>

#include "core/fail.h"
#include "core/nearest_name.h"
#include "io/files.h"

namespace ilk {

namespace {

/// "folders, xmp": the formats for which `holds`.
template <class Holds>
std::string names_where(const Holds& holds) {
  std::string list;
  for (const auto* format : export_format_table())
    if (holds(*format)) list += (list.empty() ? "" : ", ") + std::string(format->name);
  return list;
}

}  // namespace

const std::vector<const ExportFormat*>& export_format_table() {
#define ILK_ADDRESS_OF_EXPORT(name) &name##_export,
  static const std::vector<const ExportFormat*> formats{ILK_EXPORTS(ILK_ADDRESS_OF_EXPORT)};
#undef ILK_ADDRESS_OF_EXPORT
  return formats;
}

std::vector<std::pair<std::string, std::string>> export_formats() {
  std::vector<std::pair<std::string, std::string>> formats;
  for (const auto* format : export_format_table()) formats.emplace_back(format->name, format->help);
  return formats;
}

const ExportFormat& find_export_format(const ExportOptions& options) {
  constexpr std::string_view function = "export";
  const auto& formats = export_format_table();
  const auto found = std::find_if(formats.begin(), formats.end(),
                                  [&](const ExportFormat* format) { return format->name == options.to; });
  if (found == formats.end()) {
    std::vector<std::string> names;
    names.reserve(formats.size());
    for (const auto* format : formats) names.emplace_back(format->name);
    const std::string nearest = nearest_name(options.to, names);
    fail("--to", "--to must be one of ", names_where([](const auto&) { return true; }), "; got '", options.to,
         "'.", nearest.empty() ? "" : " Did you mean " + nearest + "?");
  }
  const ExportFormat& format = **found;
  require(options.link == Link::copy || format.copies_images, function, "--link is for ",
          names_where([](const auto& each) { return each.copies_images; }), "; got --to ", options.to, ".");
  require(!options.undo || format.undo, function, "--undo is for ",
          names_where([](const auto& each) { return each.undo; }), "; got --to ", options.to,
          ". A file that was exported can simply be deleted.");
  require(options.sidecar == Sidecar::full || format.name == "xmp", function,
          "--sidecar is for xmp, got --to ", options.to, ".");
  require(format.place == ExportFormat::Place::beside || !options.output.empty(), function,
          "-o must name the ", format.place == ExportFormat::Place::file ? "file" : "folder",
          " to write for --to ", options.to, ".");
  if (format.place != ExportFormat::Place::file && !options.output.empty())
    require_output_folder(options.output, function);
  return format;
}

void write_text(const std::filesystem::path& path, const std::string& text, ExportSummary& summary) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error) &&
      std::filesystem::file_size(path, error) == text.size() && read_file(path) == text) {
    ++summary.unchanged;
    return;
  }
  write_file_atomically(path, text);
  ++summary.written;
}

}  // namespace ilk
