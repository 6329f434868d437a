#include <algorithm>
#include <cmath>
#include <numeric>

#include "report/jpeg_aspect_ratio.h"
#include "report/sections.h"

namespace ilk::html {
namespace {

/// Overview entries that are shown at once, with a picture; the rest unfolds.
constexpr std::size_t overview_entries = 24;
/// Nouns that get a bar; the rest follows as a line of text.
constexpr std::size_t noun_bars = 6;

/// What bars are measured against.
struct Scale {
  std::int64_t total_size = 0;
  std::int64_t largest_size = 0;
  double largest_score = 0;
  bool pictures = false;  ///< some cluster has a thumbnail
};

bool has_thumbnail(const Report::Cluster& cluster) {
  return std::any_of(cluster.pictures.begin(), cluster.pictures.end(),
                     [](const Report::Picture& picture) { return !picture.thumbnail_jpeg.empty(); });
}

Scale scale_of(const Report& report) {
  Scale scale;
  for (const auto& cluster : report.clusters) {
    scale.total_size += cluster.size;
    scale.largest_size = std::max(scale.largest_size, cluster.size);
    for (const auto& noun : cluster.nouns) scale.largest_score = std::max(scale.largest_score, noun.score);
    scale.pictures = scale.pictures || has_thumbnail(cluster);
  }
  return scale;
}

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

/// A bar's length as a CSS number in [0, 1].
SafeText bar(double part, double whole) {
  const double length = ratio(part, whole);
  return decimal(std::isfinite(length) ? std::clamp(length, 0.0, 1.0) : 0, 4);
}

/// Indices of the clusters, largest first, as given where equal.
std::vector<std::size_t> by_size(const Report& report) {
  std::vector<std::size_t> order(report.clusters.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return report.clusters[a].size > report.clusters[b].size;
  });
  return order;
}

std::string_view file_name(std::string_view path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string_view::npos || slash + 1 == path.size() ? path : path.substr(slash + 1);
}

SafeText name_of(const Report::Cluster& cluster) {
  return text(cluster.name.empty() ? "unnamed" : cluster.name);
}

SafeText index_text(std::size_t index) {
  return text(std::to_string(index));
}

void write_image(Page& page, const Report::Picture& picture, std::string_view description) {
  page << "<img alt=\"" << text(description)
       << "\" loading=\"lazy\" decoding=\"async\" src=\"data:image/jpeg;base64,"
       << base64(picture.thumbnail_jpeg) << "\">";
}

void write_overview_entry(Page& page, const Report::Cluster& cluster, std::size_t index, const Scale& scale,
                          bool with_picture) {
  page << "<li><a href=\"#cluster-" << index_text(index)
       << "\" style=\"--w:" << bar(static_cast<double>(cluster.size), static_cast<double>(scale.largest_size))
       << "\">";
  if (with_picture) {
    const auto picture =
        std::find_if(cluster.pictures.begin(), cluster.pictures.end(),
                     [](const Report::Picture& each) { return !each.thumbnail_jpeg.empty(); });
    if (picture == cluster.pictures.end()) {
      page << "<span class=\"blank\"></span>";
    } else {
      write_image(page, *picture, "");
    }
  }
  page << "<bdi class=\"name\">" << name_of(cluster) << "</bdi> <span class=\"size\">" << count(cluster.size)
       << "</span></a></li>\n";
}

void write_nouns(Page& page, const Report::Cluster& cluster, const Scale& scale) {
  if (cluster.nouns.empty()) return;
  const std::size_t bars = std::min(cluster.nouns.size(), noun_bars);
  if (!cluster.is_named) page << "<p class=\"quiet\">No noun fits well; these are the nearest:</p>\n";
  page << "<ol class=\"nouns\" title=\"How often an image of this cluster fits the noun better than an image "
          "of "
          "another cluster; 50 % is chance\">\n";
  for (std::size_t i = 0; i < bars; ++i) {
    const auto& noun = cluster.nouns[i];
    page << "<li style=\"--w:" << bar(noun.score, scale.largest_score) << "\"><bdi>" << text(noun.word)
         << "</bdi> <span class=\"quiet\">" << percent(noun.score) << "</span></li>\n";
  }
  page << "</ol>\n";
  if (bars == cluster.nouns.size()) return;
  page << "<p class=\"more-nouns quiet\">";
  for (std::size_t i = bars; i < cluster.nouns.size(); ++i) {
    page << (i > bars ? Markup(", <span>") : Markup("<span>")) << "<bdi>" << text(cluster.nouns[i].word)
         << "</bdi> " << percent(cluster.nouns[i].score) << "</span>";
  }
  page << "</p>\n";
}

void write_words(Page& page, const Report::Cluster& cluster, std::size_t index, const Scale& scale) {
  const double share = ratio(static_cast<double>(cluster.size), static_cast<double>(scale.total_size));
  page << "<div class=\"words\">\n<h3 id=\"name-" << index_text(index) << "\" dir=\"auto\">"
       << name_of(cluster) << "</h3>\n<p class=\"size\" style=\"--w:"
       << bar(static_cast<double>(cluster.size), static_cast<double>(scale.largest_size)) << "\"><span>"
       << count(cluster.size) << (cluster.size == 1 ? Markup(" image") : Markup(" images"))
       << "</span> <span class=\"quiet\">" << percent(share) << "</span></p>\n";
  if (!cluster.caption.empty())
    page << "<p class=\"caption\" dir=\"auto\">" << text(cluster.caption) << "</p>\n";
  write_nouns(page, cluster, scale);
  page << "<dl class=\"details\">\n";
  if (!cluster.runner_up.empty()) {
    page << "<div><dt>Runner-up</dt><dd dir=\"auto\">" << text(cluster.runner_up) << "</dd></div>\n";
  }
  if (cluster.size > 0)
    page << "<div><dt title=\"How alike the cluster’s images are, 1 at most; see How to read this page\">"
            "Density</dt><dd>"
         << decimal(cluster.density, 3) << "</dd></div>\n";
  page << "<div><dt>Number</dt><dd>#" << index_text(index) << "</dd></div>\n</dl>\n</div>\n";
}

/// Attributes by which the script finds a picture.
void write_row(Page& page, const Report::Picture& picture) {
  if (picture.row < 0) return;
  page << " data-row=\"" << text(std::to_string(picture.row)) << "\"";
  if (!picture.words.empty()) page << " data-words=\"" << text(picture.words) << "\"";
}

void write_pictures(Page& page, const Report& report, std::size_t index,
                    const std::vector<Report::Picture>& pictures) {
  page << "<ul class=\"gallery\">\n";
  for (const auto& picture : pictures) {
    const std::string_view name = file_name(picture.path);
    if (picture.thumbnail_jpeg.empty()) {
      page << "<li class=\"missing\"";
      write_row(page, picture);
      page << " title=\"" << text(picture.path) << "\"><span dir=\"auto\">" << text(name) << "</span></li>\n";
      continue;
    }
    // Panoramas and strips are cropped, or one would take rows of its own.
    const double aspect = std::clamp(jpeg_aspect_ratio(picture.thumbnail_jpeg), 0.6, 2.4);
    page << "<li style=\"--a:" << decimal(aspect, 3) << "\"";
    write_row(page, picture);
    page << "><a href=\"";
    if (report.paths_are_files) {
      page << file_link(report.base_path, picture.path) << "\"";
    } else {
      page << "#cluster-" << index_text(index) << "\" data-inside";
    }
    page << " title=\"" << text(picture.path) << "\" data-score=\"" << decimal(picture.score, 3) << "\">";
    write_image(page, picture, name);
    page << "</a></li>\n";
  }
  page << "</ul>\n";
}

void write_files(Page& page, const std::vector<Report::Picture>& pictures) {
  page << "<ol>\n";
  for (const auto& picture : pictures) {
    page << "<li";
    write_row(page, picture);
    page << "><span class=\"path\" dir=\"auto\">" << text(picture.path) << "</span> <span class=\"quiet\">"
         << decimal(picture.score, 3) << "</span></li>\n";
  }
  page << "</ol>\n";
}

/// What the cluster has besides the pictures that are shown at once.
void write_rest(Page& page, const Report& report, std::size_t index, bool as_pictures) {
  const auto& cluster = report.clusters[index];
  const auto shown = static_cast<std::int64_t>(cluster.pictures.size());
  if (!report.images || cluster.size <= shown) return;
  page << "<p class=\"rest\"><span class=\"quiet\">" << count(shown) << " of " << count(cluster.size)
       << " images</span> <button type=\"button\" class=\"scripted all\" data-cluster=\"" << index_text(index)
       << "\">Show all " << count(cluster.size) << "</button></p>\n";
  if (cluster.more.empty()) return;
  // Without a script they unfold here; with one they are what it shows elsewhere.
  page << "<details class=\"unscripted\">\n<summary>" << count(std::ssize(cluster.more))
       << " more</summary>\n";
  if (as_pictures)
    write_pictures(page, report, index, cluster.more);
  else
    write_files(page, cluster.more);
  page << "</details>\n";
}

void write_gallery(Page& page, const Report& report, std::size_t index) {
  page << "<div class=\"shown\">\n";
  write_pictures(page, report, index, report.clusters[index].pictures);
  write_rest(page, report, index, true);
  page << "</div>\n";
}

void write_file_list(Page& page, const Report& report, std::size_t index) {
  page << "<details class=\"files\">\n<summary>Most typical</summary>\n";
  write_files(page, report.clusters[index].pictures);
  page << "</details>\n";
  write_rest(page, report, index, false);
}

void write_card(Page& page, const Report& report, std::size_t index, const Scale& scale) {
  const auto& cluster = report.clusters[index];
  page << "<article id=\"cluster-" << index_text(index) << "\" aria-labelledby=\"name-" << index_text(index)
       << "\" data-size=\"" << text(std::to_string(cluster.size)) << "\" data-density=\""
       << decimal(cluster.density, 6) << "\">\n";
  write_words(page, cluster, index, scale);
  if (has_thumbnail(cluster)) {
    write_gallery(page, report, index);
  } else if (!cluster.pictures.empty()) {
    write_file_list(page, report, index);
  }
  page << "</article>\n";
}

}  // namespace

void write_overview(Page& page, const Report& report) {
  // With fewer the cards themselves are the overview.
  if (report.clusters.size() < 3) return;
  const Scale scale = scale_of(report);
  const auto order = by_size(report);
  page << "<nav aria-labelledby=\"overview\">\n<h2 id=\"overview\">Overview</h2>\n<ul class=\"overview\">\n";
  for (std::size_t i = 0; i < std::min(order.size(), overview_entries); ++i) {
    write_overview_entry(page, report.clusters[order[i]], order[i], scale, scale.pictures);
  }
  page << "</ul>\n";
  if (order.size() > overview_entries) {
    page << "<details>\n<summary>" << count(static_cast<std::int64_t>(order.size() - overview_entries))
         << " smaller clusters</summary>\n<ul class=\"overview\">\n";
    for (std::size_t i = overview_entries; i < order.size(); ++i) {
      write_overview_entry(page, report.clusters[order[i]], order[i], scale, false);
    }
    page << "</ul>\n</details>\n";
  }
  page << "</nav>\n";
}

void write_clusters(Page& page, const Report& report) {
  const Scale scale = scale_of(report);
  page << "<section aria-labelledby=\"clusters\">\n<h2 id=\"clusters\" tabindex=\"-1\">Clusters</h2>\n";
  if (report.clusters.empty()) {
    page << "<p class=\"quiet\">There are no clusters.</p>\n</section>\n";
    return;
  }
  page << "<div class=\"tools scripted\">\n"
          "<input id=\"filter\" type=\"search\" aria-label=\"Search clusters and images by name, word or "
          "file name\" "
          "placeholder=\"Search names, words, files\" autocomplete=\"off\" spellcheck=\"false\">\n"
          "<select id=\"sort\" aria-label=\"Sort clusters\"><option value=\"largest\">Largest first</option>"
          "<option value=\"smallest\">Smallest first</option><option value=\"densest\">Densest first</option>"
          "<option value=\"loosest\">Loosest first</option><option value=\"name\">By name</option>"
          "<option value=\"number\">By number</option></select>\n"
          "<output id=\"shown\" for=\"filter\" class=\"quiet\"></output>\n"
          "<button type=\"button\" id=\"found\" hidden></button>\n</div>\n"
       << (scale.pictures ? Markup("<div id=\"cards\">\n") : Markup("<div id=\"cards\" class=\"wordy\">\n"));
  for (const std::size_t index : by_size(report)) write_card(page, report, index, scale);
  page << "</div>\n</section>\n";
}

}  // namespace ilk::html
