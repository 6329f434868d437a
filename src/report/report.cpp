#include "report/report.h"

#include <charconv>

#include "io/sha256.h"
#include "page_files.h"
#include "report/page_data.h"
#include "report/sections.h"

namespace ilk {
namespace html {
namespace {

/// As a Content-Security-Policy wants it: base64 of the digest.
SafeText script_digest() {
  const std::string hex = sha256_hex(page_script);
  std::string digest;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    digest += static_cast<char>(value);
  }
  return base64(digest);
}

std::size_t expected_bytes(const Report& report) {
  std::size_t bytes = sizeof page_style + sizeof page_script + 8192;
  for (const auto& cluster : report.clusters) {
    bytes += 4096;
    for (const auto* pictures : {&cluster.pictures, &cluster.more})
      for (const auto& picture : *pictures)
        bytes += picture.thumbnail_jpeg.size() * 4 / 3 + 3 * picture.path.size() + 256;
  }
  if (report.count) bytes += report.count->picture_svg.size() * 4 / 3 + 4096;
  for (const auto& file : report.skipped) bytes += file.path.size() + file.reason.size() + 64;
  return bytes;
}

void write_head(Page& page, const Report& report) {
  // Nothing may be loaded but what the page carries, the user's own files (the large view of a picture, data
  // in report/ and inspect/), and, where `ilk view` serves the page, what it serves; no script in the page
  // runs but its own.
  page << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data: file: "
          "'self'; "
          "style-src 'unsafe-inline'; connect-src 'self'; script-src file: 'self' 'sha256-"
       << script_digest()
       << "'; base-uri 'none'; form-action 'none'\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta name=\"generator\" content=\"ilk "
       << text(report.program_version) << "\">\n<link rel=\"icon\" href=\"data:,\">\n<title>"
       << text(report.title.empty() ? "Clusters" : report.title) << "</title>\n<style>" << page_style
       << "</style>\n</head>\n";
}

}  // namespace
}  // namespace html

std::string render_report(const Report& report) {
  using namespace html;
  Page page;
  page.reserve(expected_bytes(report));
  write_head(page, report);
  page << "<body>\n<a class=\"skip\" href=\"#clusters\">Skip to the clusters</a>\n";
  write_header(page, report);
  page << "<main>\n";
  write_notices(page, report);
  write_summary(page, report);
  write_count(page, report);
  write_tree(page, report);
  write_overview(page, report);
  write_map(page, report);
  write_clusters(page, report);
  write_inspection(page, report);
  write_criteria(page, report);
  write_training(page, report);
  write_skipped(page, report);
  write_reading_guide(page, report);
  page << "</main>\n";
  write_footer(page, report);
  write_lightbox(page);
  write_browser(page, report);
  if (report.images && !report.images->beside) write_data_block(page, "index", index_json(report));
  page << "<script>" << page_script << "</script>\n</body>\n</html>\n";
  return page.take();
}

}  // namespace ilk
