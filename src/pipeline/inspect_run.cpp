// N images of a run.
#include "pipeline/inspect_run.h"

#include <ilk/neighbours.h>
#include <ilk/threads.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include "core/fail.h"
#include "core/option_checks.h"
#include "core/text.h"
#include "inspect/neighbour_checks.h"
#include "io/csv.h"
#include "io/files.h"
#include "pipeline/assignments_csv.h"
#include "pipeline/duplicate_groups.h"
#include "pipeline/page_pictures.h"
#include "pipeline/run_directory_lock.h"
#include "pipeline/run_files.h"
#include "report/report.h"
#include "text/labels.h"

namespace ilk {
namespace {

constexpr std::string_view in_inspect = "inspect";
constexpr std::int64_t neighbours_kept = 24;  // enough that 15 are left without copies
constexpr std::int64_t outlier_neighbours = 5, label_neighbours = 15;
constexpr std::size_t most_groups_shown = 60, most_pictures_shown = 60, most_of_group_shown = 12;

/// A number of the tables.
std::string in_table(double value) {
  return fixed(value, 4);
}

/// A number that the page shows.
std::string on_page(double value) {
  return fixed(value, 2);
}

struct Problem {
  const char* name;
  const char* note;
  bool (*has)(const PictureFacts& image, const InspectOptions& options);
};
constexpr Problem problems[] = {
    {"dark", "95 % of the pixels are dark.",
     [](const PictureFacts& image, const InspectOptions& options) {
       return image.quality.bright_end < options.dark;
     }},
    {"bright", "95 % of the pixels are bright.",
     [](const PictureFacts& image, const InspectOptions& options) {
       return image.quality.dark_end > options.bright;
     }},
    {"blurred", "Few edges for the contrast there is: out of focus, shaken, or without detail.",
     [](const PictureFacts& image, const InspectOptions& options) {
       return image.quality.sharpness < options.blurred;
     }},
    {"tiny", "The shorter edge has few pixels.",
     [](const PictureFacts& image, const InspectOptions& options) {
       return std::min(image.height, image.width) < options.tiny;
     }},
    {"odd shape", "Much longer than wide, or wider than long.",
     [](const PictureFacts& image, const InspectOptions& options) {
       return static_cast<double>(std::max(image.height, image.width)) >=
              options.odd * static_cast<double>(std::min(image.height, image.width));
     }},
};

class Inspection {
 public:
  Inspection(const std::filesystem::path& directory, const InspectOptions& options, Progress& progress)
      : options_(options),
        progress_(progress),
        run_(directory),
        rows_(read_assignment_rows(directory / "assignments.csv")),
        n_(static_cast<std::int64_t>(rows_.size())),
        output_(options.output.empty() ? directory / "inspect" : options.output) {
    require(run_.has_files(), in_inspect, "the images of ", directory, " are rows of ",
            run_.options().features, ", which cannot be looked at.");
    require_output_folder(output_, in_inspect);
    if (!options.labels.empty()) {
      std::vector<std::string> paths;
      paths.reserve(rows_.size());
      for (const auto& row : rows_) paths.push_back(row.path);
      labels_ = read_labels(options.labels, paths, /*in_order=*/true);
    }
  }

  InspectSummary go() {
    const Matrix<float> embeddings = run_.embeddings(rows_.size());
    facts_ = picture_facts(
        n_, [&](std::int64_t i) { return read_image_file(run_.file(path(i)).string()); },
        run_.options().images, progress_);
    summary_.n_images = n_;
    summary_.output = output_;
    summary_.unreadable =
        std::count_if(facts_.begin(), facts_.end(), [](const auto& image) { return !image.readable; });
    require(summary_.unreadable < n_, in_inspect, "none of the run's ", n_,
            " images can be read any more; the first was ", run_.file(path(0)), ".");
    const RunDirectoryLock lock(output_, "inspection");
    const Neighbours neighbours = neighbours_within(embeddings, neighbours_kept + 1);
    duplicates(neighbours);
    find_bursts();
    outliers(neighbours);
    quality();
    if (labels_) mislabelled(neighbours, *labels_);
    write_page();
    return summary_;
  }

 private:
  const std::string& path(std::int64_t image) const { return rows_[static_cast<std::size_t>(image)].path; }
  const PictureFacts& facts(std::int64_t image) const { return facts_[static_cast<std::size_t>(image)]; }
  std::string size_text(std::int64_t image) const {
    return std::to_string(facts(image).width) + " × " + std::to_string(facts(image).height);
  }
  void write(const char* name, const std::string& text) const { write_file_atomically(output_ / name, text); }

  /// A section of the page; of many groups the first are shown.
  Gallery::Section& section(const std::string& heading, const std::string& note, std::size_t count,
                            std::size_t shown) {
    std::string head = heading + " (" + std::to_string(count) + ")";
    if (shown < count) head += ", the first " + std::to_string(shown);
    return gallery_.sections.emplace_back(Gallery::Section{.heading = head, .note = note});
  }

  void duplicates(const Neighbours& neighbours) {
    const auto groups = duplicate_groups(facts_, neighbours, options_.similarity, progress_);
    group_of_.assign(rows_.size(), -1);
    std::string csv = "group,path,best,kind,similarity,width,height,bytes,sharpness\n";
    auto& shown =
        section("Duplicates", "The best copy of each set is the first: most pixels, sharpest, most bytes.",
                groups.size(), std::min(groups.size(), most_groups_shown));
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const auto& group = groups[g];
      (group.exact ? summary_.exact_groups : summary_.near_groups) += 1;
      const std::string& best = facts(group.images.front()).sha256;
      std::vector<Gallery::Picture> pictures;
      for (std::size_t m = 0; m < group.images.size(); ++m) {
        const std::int64_t image = group.images[m];
        const auto& fact = facts(image);
        group_of_[static_cast<std::size_t>(image)] = static_cast<std::int64_t>(g);
        const bool exact = fact.sha256 == best;
        const char* kind = m == 0 ? "" : exact ? "exact" : "near";
        if (m > 0) (exact ? summary_.exact_copies : summary_.near_copies) += 1;
        csv += std::to_string(g) + "," + csv_field(path(image)) + "," + (m == 0 ? "yes" : "no") + "," + kind +
               "," + in_table(group.similarity[m]) + "," + std::to_string(fact.width) + "," +
               std::to_string(fact.height) + "," + std::to_string(fact.bytes) + "," +
               in_table(fact.quality.sharpness) + "\n";
        if (m < most_of_group_shown)
          pictures.push_back(
              {.path = path(image),
               .caption = (m == 0 ? "best" : std::string(kind) + " " + on_page(group.similarity[m])) + " · " +
                          size_text(image)});
      }
      if (g < most_groups_shown) shown.groups.push_back(std::move(pictures));
    }
    std::vector<std::vector<std::int64_t>> images;
    images.reserve(groups.size());
    for (const auto& group : groups) images.push_back(group.images);
    add_finding("Duplicates", std::move(images));
    write("duplicates.csv", csv);
  }

  void find_bursts() {
    std::vector<TakenAt> taken;
    taken.reserve(facts_.size());
    for (const auto& image : facts_) taken.push_back(image.taken);
    const auto groups = bursts(taken, options_.burst_gap);
    summary_.bursts = std::ssize(groups);
    std::string csv = "burst,path,taken,camera\n";
    auto& shown = section("Bursts", "Images that one camera took right after each other, by EXIF.",
                          groups.size(), std::min(groups.size(), most_groups_shown));
    for (std::size_t g = 0; g < groups.size(); ++g) {
      std::vector<Gallery::Picture> pictures;
      for (const std::int64_t image : groups[g]) {
        const auto& at = facts(image).taken;
        const std::string time = at.time + (at.second.empty() ? "" : "." + at.second);
        csv +=
            std::to_string(g) + "," + csv_field(path(image)) + "," + time + "," + csv_field(at.camera) + "\n";
        if (pictures.size() < most_of_group_shown) pictures.push_back({.path = path(image), .caption = time});
      }
      if (g < most_groups_shown) shown.groups.push_back(std::move(pictures));
    }
    add_finding("Bursts", groups);
    write("bursts.csv", csv);
  }

  void outliers(const Neighbours& neighbours) {
    const auto scores = outlier_scores(neighbours, group_of_, outlier_neighbours);
    const double threshold = outlier_threshold(scores);
    std::vector<std::int64_t> order(rows_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
      return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
    });
    std::string csv = "path,score,outlier,cluster,name\n";
    std::vector<Gallery::Picture> pictures;
    for (const std::int64_t image : order) {
      const double score = scores[static_cast<std::size_t>(image)];
      const bool far = score > threshold;
      const AssignmentRow& row = rows_[static_cast<std::size_t>(image)];
      csv += csv_field(row.path) + "," + in_table(score) + "," + (far ? "yes" : "no") + "," +
             std::to_string(row.cluster) + "," + csv_field(row.name) + "\n";
      summary_.outliers += far ? 1 : 0;
      if (far && pictures.size() < most_pictures_shown)
        pictures.push_back({.path = row.path, .caption = on_page(score) + " · " + row.name});
    }
    auto& shown =
        section("Outliers",
                "Far from their 5 nearest others: the score is 1 − the mean cosine with them, and is above " +
                    on_page(threshold) + ", the median and 3.5 robust standard deviations.",
                static_cast<std::size_t>(summary_.outliers), pictures.size());
    if (!pictures.empty()) shown.groups.push_back(std::move(pictures));
    order.resize(static_cast<std::size_t>(summary_.outliers));
    add_finding("Outliers", {order});
    write("outliers.csv", csv);
  }

  void quality() {
    std::string csv = "path,problems,width,height,bytes,brightness,dark_end,bright_end,sharpness\n";
    std::array<std::vector<std::int64_t>, std::size(problems)> having;
    for (std::int64_t i = 0; i < n_; ++i) {
      const auto& image = facts(i);
      if (!image.readable) {
        csv += csv_field(path(i)) + ",unreadable,,,,,,,\n";
        continue;
      }
      std::string all;
      for (std::size_t p = 0; p < std::size(problems); ++p) {
        if (!problems[p].has(image, options_)) continue;
        having[p].push_back(i);
        all += (all.empty() ? "" : "; ") + std::string(problems[p].name);
      }
      csv += csv_field(path(i)) + "," + all + "," + std::to_string(image.width) + "," +
             std::to_string(image.height) + "," + std::to_string(image.bytes) + "," +
             in_table(image.quality.brightness) + "," + in_table(image.quality.dark_end) + "," +
             in_table(image.quality.bright_end) + "," + in_table(image.quality.sharpness) + "\n";
    }
    for (std::size_t p = 0; p < std::size(problems); ++p) {
      const std::size_t shown_count = std::min(having[p].size(), most_pictures_shown);
      std::string heading = problems[p].name;
      heading[0] = static_cast<char>(heading[0] - 'a' + 'A');
      auto& shown = section(heading, problems[p].note, having[p].size(), shown_count);
      std::vector<Gallery::Picture> pictures;
      for (std::size_t i = 0; i < shown_count; ++i)
        pictures.push_back({.path = path(having[p][i]),
                            .caption = size_text(having[p][i]) + " · sharpness " +
                                       on_page(facts(having[p][i]).quality.sharpness)});
      if (!pictures.empty()) shown.groups.push_back(std::move(pictures));
      summary_.problems.emplace_back(problems[p].name, std::ssize(having[p]));
      add_finding(heading, {having[p]});
    }
    write("quality.csv", csv);
  }

  void mislabelled(const Neighbours& neighbours, const Labels& labels) {
    const auto agreement = label_agreement(neighbours, labels.of_image, group_of_, label_neighbours);
    std::vector<std::int64_t> suspects;
    for (std::int64_t i = 0; i < n_; ++i) {
      const auto& one = agreement[static_cast<std::size_t>(i)];
      const std::int64_t label = labels.of_image[static_cast<std::size_t>(i)];
      if (label >= 0 && one.suggested >= 0 && one.suggested != label && one.suggested_share > one.own)
        suspects.push_back(i);
    }
    const auto surplus = [&](std::int64_t image) {
      const auto& one = agreement[static_cast<std::size_t>(image)];
      return one.suggested_share - one.own;
    };
    std::stable_sort(suspects.begin(), suspects.end(),
                     [&](auto a, auto b) { return surplus(a) > surplus(b); });
    summary_.mislabelled = std::ssize(suspects);
    std::string csv = "path,label,agreement,suggested,suggested_agreement\n";
    std::vector<Gallery::Picture> pictures;
    for (const std::int64_t image : suspects) {
      const auto& one = agreement[static_cast<std::size_t>(image)];
      const std::string& label =
          labels.classes[static_cast<std::size_t>(labels.of_image[static_cast<std::size_t>(image)])];
      const std::string& suggested = labels.classes[static_cast<std::size_t>(one.suggested)];
      csv += csv_field(path(image)) + "," + csv_field(label) + "," + in_table(one.own) + "," +
             csv_field(suggested) + "," + in_table(one.suggested_share) + "\n";
      if (pictures.size() < most_pictures_shown)
        pictures.push_back({.path = path(image),
                            .caption = concatenate(label, " ", on_page(one.own), " → ", suggested, " ",
                                                   on_page(one.suggested_share))});
    }
    auto& shown =
        section("Likely mislabelled",
                "Of the 15 nearest other images, copies left out, more have another label; the numbers are "
                "the shares of their weight.",
                suspects.size(), pictures.size());
    if (!pictures.empty()) shown.groups.push_back(std::move(pictures));
    add_finding("Likely mislabelled", {suspects});
    write("mislabelled.csv", csv);
  }

  void add_finding(std::string name, std::vector<std::vector<std::int64_t>> groups) {
    findings_.push_back({std::move(name), std::move(groups)});
  }

  void write_page() {
    std::vector<std::string> paths;
    paths.reserve(rows_.size());
    for (const auto& row : rows_) paths.push_back(row.path);
    write("inspect.js", report_findings_file(n_, digest_of_paths(paths), findings_));
    gallery_.title = "Inspection";
    gallery_.subtitle =
        std::to_string(n_) + " images of " + run_.directory().string() +
        (summary_.unreadable ? ", " + std::to_string(summary_.unreadable) + " of them not there any more"
                             : std::string());
    write_gallery(output_ / "inspect.html", gallery_, run_, progress_);
  }

  const InspectOptions& options_;
  Progress& progress_;
  RunFiles run_;
  std::vector<AssignmentRow> rows_;
  std::int64_t n_;
  std::filesystem::path output_;
  std::optional<Labels> labels_;
  std::vector<PictureFacts> facts_;
  std::vector<std::int64_t> group_of_;
  Gallery gallery_;
  std::vector<ReportFinding> findings_;
  InspectSummary summary_;
};

}  // namespace

InspectSummary inspect_run(const std::filesystem::path& run, const InspectOptions& options,
                           Progress& progress) {
  check_ranges(options, in_inspect);
  set_threads(static_cast<int>(options.threads.value_or(0)));
  return Inspection(run, options, progress).go();
}

}  // namespace ilk
