// Other clusters of the same images, by criteria: one list beside the other.
#include "report/sections.h"

namespace ilk::html {
namespace {

void write_cluster(Page& page, const ReportCriterion::Cluster& cluster) {
  page << "<li><bdi>" << text(cluster.name) << "</bdi> <span class=\"quiet\">" << count(cluster.size)
       << "</span><br>\n";
  for (const auto& picture : cluster.pictures) {
    if (picture.thumbnail_jpeg.empty()) continue;
    page << "<img height=\"64\" alt=\"" << text(picture.path)
         << "\" loading=\"lazy\" decoding=\"async\" src=\"data:image/jpeg;base64,"
         << base64(picture.thumbnail_jpeg) << "\">\n";
  }
  page << "</li>\n";
}

}  // namespace

void write_criteria(Page& page, const Report& report) {
  if (report.criteria.empty()) return;
  page << "<section aria-labelledby=\"criteria\">\n<h2 id=\"criteria\">The same images by other "
          "criteria</h2>\n"
          "<div style=\"display:flex;flex-wrap:wrap;gap:2rem\">\n";
  for (const auto& criterion : report.criteria) {
    page << "<div style=\"flex:1 1 20rem;min-width:0\">\n<h3>By <bdi>" << text(criterion.name)
         << "</bdi></h3>\n<p class=\"quiet\" dir=\"auto\">" << text(criterion.meaning) << ". <a href=\""
         << file_link("", criterion.page)
         << "\">All of it</a></p>\n<ul style=\"list-style:none;padding:0;display:grid;gap:.75rem\">\n";
    for (const auto& cluster : criterion.clusters) write_cluster(page, cluster);
    page << "</ul>\n</div>\n";
  }
  page << "</div>\n</section>\n";
}

}  // namespace ilk::html
