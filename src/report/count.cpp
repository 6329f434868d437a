#include "report/sections.h"

namespace ilk::html {
namespace {

void write_row(Page& page, const Report::Count::Number& number, bool chosen) {
  page << (chosen ? Markup("<tr class=\"chosen\"><th scope=\"row\">") : Markup("<tr><th scope=\"row\">"))
       << count(number.n_clusters) << "</th>";
  for (const double value : {number.silhouette, number.agreement, number.objective})
    page << "<td>" << decimal(value, 3) << "</td>";
  page << "<td>" << decimal(number.score, 2) << "</td><td>" << percent(number.votes) << "</td></tr>\n";
}

}  // namespace

void write_count(Page& page, const Report& report) {
  if (!report.count) return;
  const Report::Count& found = *report.count;
  page << "<section aria-labelledby=\"count\">\n<h2 id=\"count\">How many clusters <span class=\"quiet\">"
       << text(found.verdict) << "</span></h2>\n<p>" << count(found.n_clusters) << " were made; "
       << percent(found.confidence)
       << " of the votes are for this number or one next to it. <span class=\"quiet\">" << text(found.basis)
       << "</span></p>\n<div class=\"evidence\">\n";
  if (!found.picture_svg.empty())
    page << "<img alt=\"The criteria by number of clusters\" src=\"data:image/svg+xml;base64,"
         << base64(found.picture_svg) << "\">\n";
  page << "<table>\n<caption class=\"quiet\">The best by score, of " << count(found.tried)
       << " tried. Score: silhouette, agreement of halves of the images, and the bend of the objective, "
          "joined. "
          "Votes: the share of the halves for which the number is best.</caption>\n<thead><tr><th "
          "scope=\"col\">clusters</th><th scope=\"col\">silhouette</th>"
          "<th scope=\"col\">agreement</th><th scope=\"col\">objective</th><th scope=\"col\">score</th>"
          "<th scope=\"col\">votes</th></tr></thead>\n<tbody>\n";
  for (const auto& number : found.numbers) write_row(page, number, number.n_clusters == found.n_clusters);
  page << "</tbody>\n</table>\n</div>\n</section>\n";
}

}  // namespace ilk::html
