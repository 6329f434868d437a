#include "report/gallery.h"

#include "page_files.h"
#include "report/html.h"
#include "report/jpeg_aspect_ratio.h"

namespace ilk {
namespace {

using namespace html;

void write_picture(Page& page, const Gallery& gallery, const Gallery::Picture& picture) {
  const auto slash = picture.path.rfind('/');
  const std::string name = picture.path.substr(slash == std::string::npos ? 0 : slash + 1);
  page << "<figure><a href=\"" << file_link(gallery.base_path, picture.path) << "\">";
  if (picture.thumbnail_jpeg.empty())
    page << "<span class=\"none\">no picture</span>";
  else
    page << "<img alt=\"\" loading=\"lazy\" src=\"data:image/jpeg;base64," << base64(picture.thumbnail_jpeg)
         << "\">";
  page << "</a><figcaption><a title=\"" << text(picture.path) << "\" href=\""
       << file_link(gallery.base_path, picture.path) << "\">" << text(name) << "</a><span>"
       << text(picture.caption) << "</span></figcaption></figure>\n";
}

}  // namespace

std::string render_gallery(const Gallery& gallery) {
  Page page;
  page << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
          "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n<title>"
       << text(gallery.title) << "</title>\n<style>" << page_style << gallery_style
       << "</style>\n</head>\n<body>\n<header>\n<h1>" << text(gallery.title) << "</h1>\n<p class=\"quiet\">"
       << text(gallery.subtitle) << "</p>\n</header>\n<main>\n";
  for (const auto& section : gallery.sections) {
    page << "<section>\n<h2>" << text(section.heading) << "</h2>\n<p>" << text(section.note) << "</p>\n";
    for (const auto& group : section.groups) {
      page << "<div class=\"group\">\n";
      for (const auto& picture : group) write_picture(page, gallery, picture);
      page << "</div>\n";
    }
    page << "</section>\n";
  }
  page << "</main>\n<footer>ilk " << text(gallery.program_version) << "</footer>\n</body>\n</html>\n";
  return page.take();
}

}  // namespace ilk
