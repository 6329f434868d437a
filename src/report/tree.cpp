// The tree of nested clusters. <details> opens and closes by mouse and keyboard without a script.
#include "report/sections.h"

namespace ilk::html {
namespace {

void write_branches(Page& page, const std::vector<ReportBranch>& branches, bool open) {
  page << "<ul class=\"tree\" style=\"padding-inline-start:1.25rem\">\n";
  for (const ReportBranch& branch : branches) {
    if (branch.cluster) {
      page << "<li><a href=\"#cluster-" << text(std::to_string(*branch.cluster)) << "\"><bdi>"
           << text(branch.name) << "</bdi></a> <span class=\"quiet\">" << count(branch.size)
           << "</span></li>\n";
      continue;
    }
    page << (open ? Markup("<li><details open>") : Markup("<li><details>")) << "<summary><bdi>"
         << text(branch.name) << "</bdi> <span class=\"quiet\">" << count(branch.size)
         << "</span></summary>\n";
    write_branches(page, branch.below, false);
    page << "</details></li>\n";
  }
  page << "</ul>\n";
}

}  // namespace

void write_tree(Page& page, const Report& report) {
  if (report.tree.empty()) return;
  page << "<section aria-labelledby=\"tree\">\n<h2 id=\"tree\">From broad to narrow</h2>\n"
          "<p class=\"quiet\">Each cluster is a part of the one above it; numbers are images.</p>\n";
  // Few branches are shown with what is below them.
  write_branches(page, report.tree, report.tree.size() <= 12);
  page << "</section>\n";
}

}  // namespace ilk::html
