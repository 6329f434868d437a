#include "report/sections.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace ilk::html {
namespace {

std::int64_t total_size(const Report& report) {
  return std::accumulate(report.clusters.begin(), report.clusters.end(), std::int64_t{0},
                         [](std::int64_t sum, const Report::Cluster& cluster) { return sum + cluster.size; });
}

/// "1 image", "2 images".
void write_number_of(Page& page, std::int64_t number, Markup one, Markup many) {
  page << count(number) << " " << (number == 1 ? one : many);
}

/// So many files are shown without a click.
constexpr std::size_t few_skipped = 10;

/// Long values get the whole row.
bool is_long(std::string_view value) {
  return value.size() > 40;
}

}  // namespace

void write_header(Page& page, const Report& report) {
  page << "<header class=\"top\">\n<div>\n<h1 dir=\"auto\">"
       << text(report.title.empty() ? "Clusters" : report.title) << "</h1>\n<p class=\"quiet\">";
  write_number_of(page, total_size(report), "image", "images");
  page << " in ";
  write_number_of(page, static_cast<std::int64_t>(report.clusters.size()), "cluster", "clusters");
  if (!report.skipped.empty()) {
    page << ", <a href=\"#skipped\">" << count(static_cast<std::int64_t>(report.skipped.size()))
         << " skipped</a>";
  }
  if (!report.date.empty()) page << " · <bdi>" << text(report.date) << "</bdi>";
  page << "</p>\n</div>\n"
          "<button type=\"button\" class=\"scripted\" id=\"theme\">Theme: "
          "<span>auto</span></button>\n</header>\n";
}

void write_notices(Page& page, const Report& report) {
  if (report.notices.empty()) return;
  page << "<section class=\"notices\" aria-labelledby=\"notices\">\n<h2 id=\"notices\">Please "
          "note</h2>\n<ul>\n";
  for (const auto& notice : report.notices) page << "<li dir=\"auto\">" << text(notice) << "</li>\n";
  page << "</ul>\n</section>\n";
}

void write_summary(Page& page, const Report& report) {
  if (report.facts.empty() && report.scores.empty()) return;
  page << "<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">Summary</h2>\n";
  if (!report.scores.empty()) {
    page << "<dl class=\"scores\">\n";
    for (const auto& [label, value] : report.scores) {
      page << "<div style=\"--w:" << decimal(std::clamp(value, 0.0, 1.0), 4) << "\"><dt dir=\"auto\">"
           << text(label) << "</dt><dd>" << decimal(100 * value, 1) << "<small>%</small></dd></div>\n";
    }
    page << "</dl>\n";
  }
  if (!report.facts.empty()) {
    page << "<dl class=\"facts\">\n";
    for (const auto& [label, value] : report.facts) {
      page << (is_long(value) ? Markup("<div class=\"wide\">") : Markup("<div>")) << "<dt dir=\"auto\">"
           << text(label) << "</dt><dd dir=\"auto\">" << text(value) << "</dd></div>\n";
    }
    page << "</dl>\n";
  }
  page << "</section>\n";
}

void write_skipped(Page& page, const Report& report) {
  if (report.skipped.empty()) return;
  std::map<std::string_view, std::vector<const Report::Skipped*>> by_kind;
  for (const auto& file : report.skipped) by_kind[file.kind].push_back(&file);
  std::vector<std::pair<std::string_view, std::vector<const Report::Skipped*>>> kinds(by_kind.begin(),
                                                                                      by_kind.end());
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });

  page << "<section aria-labelledby=\"skipped\">\n<h2 id=\"skipped\">Skipped files <span class=\"quiet\">"
       << count(static_cast<std::int64_t>(report.skipped.size())) << "</span></h2>\n";
  for (const auto& [kind, files] : kinds) {
    page << (report.skipped.size() <= few_skipped ? Markup("<details class=\"skipped\" open>")
                                                  : Markup("<details class=\"skipped\">"))
         << "\n<summary><bdi>" << text(kind.empty() ? "other" : kind) << "</bdi> <span class=\"quiet\">"
         << count(static_cast<std::int64_t>(files.size())) << "</span></summary>\n<ul>\n";
    for (const auto* file : files) {
      page << "<li><span class=\"path\" dir=\"auto\">" << text(file->path)
           << "</span> <span class=\"quiet\" dir=\"auto\">" << text(file->reason) << "</span></li>\n";
    }
    page << "</ul>\n</details>\n";
  }
  page << "</section>\n";
}

void write_reading_guide(Page& page, const Report& report) {
  if (report.clusters.empty()) return;
  const auto entry = [&](Markup term, Markup explanation) {
    page << "<div><dt>" << term << "</dt><dd>" << explanation << "</dd></div>\n";
  };
  page << "<section aria-labelledby=\"guide\">\n<details class=\"guide\">\n"
          "<summary><h2 id=\"guide\">How to read this page</h2></summary>\n<dl>\n";
  entry("Name",
        "The noun that describes the cluster best and sets it apart from the others. The runner-up would "
        "have been next.");
  entry("Nouns",
        "Words that fit the cluster, with their weights. Bars have the same scale in all clusters, so a "
        "short first bar means a name that is not certain.");
  if (report.curves.empty()) {
    entry("Density",
          "How alike the cluster’s images are: their mean cosine similarity with its centre, 1 at most. A "
          "cluster of low density may hold things that do not belong together.");
    entry("Score",
          "The number beside a picture: its cosine similarity with the centre of its cluster, 1 at most. In "
          "assignments.csv the margin is how much lower the score of the second cluster is; a small one says "
          "that the image might be in either.");
  } else {
    entry(
        "Density",
        "How sure the trained head is of the cluster’s images: their mean probability, 1 at most. A cluster "
        "of low density may hold things that do not belong together.");
    entry("Score",
          "The number beside a picture: how probable the trained head finds its cluster, 1 at most. In "
          "assignments.csv the margin is how much lower the score of the second cluster is; a small one says "
          "that the image might be in either.");
    entry(
        "Training",
        "How each part of what was learnt went from the first epoch to the last. Every curve has a scale of "
        "its own, from its lowest to its highest value.");
  }
  entry("Number", "The number after the hash sign names the cluster in the other files of the run.");
  if (report.paths_are_files) {
    entry("Pictures",
          "The images nearest to the centre, the most typical first. They lie inside this page; the links "
          "lead to the files where they were when it was written.");
  } else {
    entry("Pictures",
          "The images nearest to the centre, the most typical first. They lie inside this page; the data set "
          "does not keep them as files of their own that one could link to.");
  }
  if (report.count) {
    entry(
        "Number of clusters",
        "Silhouette: how much nearer images are to their own cluster than to the next, 1 at most. Agreement: "
        "how far clusterings of different halves of the images agree (ARI). The score joins both with the "
        "bend of the objective, which tells where more clusters begin to gain less. Each half votes for the "
        "number that is best for it.");
  }
  if (!report.scores.empty()) {
    entry("Scores",
          "How well the clusters agree with the given labels. ACC: share of images in the right place under "
          "the best matching of clusters to labels. NMI: information that clusters and labels share. ARI: "
          "agreement on pairs of images, 0 for chance.");
  }
  page << "</dl>\n</details>\n</section>\n";
}

void write_footer(Page& page, const Report& report) {
  page << "<footer class=\"quiet\">\n<p>Made by ilk";
  if (!report.program_version.empty()) page << " <bdi>" << text(report.program_version) << "</bdi>";
  page << (report.images && report.images->beside
               ? Markup(". The folder report/ beside this file belongs to it; nothing is loaded from the "
                        "network.")
               : Markup(". Everything here is in this one file; it loads nothing from the network."))
       << "</p>\n</footer>\n";
}

void write_lightbox(Page& page) {
  page << "<dialog id=\"lightbox\" aria-label=\"Picture\">\n"
          "<div class=\"stage\"><img alt=\"\" src=\"data:,\"></div>\n"
          "<p class=\"about\"><span class=\"of\"></span> <span class=\"path\" dir=\"auto\"></span> "
          "<span class=\"own-words\"></span> <span class=\"similarity\"></span> <a>Open the file</a></p>\n"
          "<button type=\"button\" class=\"previous\" aria-label=\"Previous picture\">‹</button>\n"
          "<button type=\"button\" class=\"next\" aria-label=\"Next picture\">›</button>\n"
          "<button type=\"button\" class=\"close\" aria-label=\"Close\">×</button>\n</dialog>\n";
}

}  // namespace ilk::html
