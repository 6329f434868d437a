#include "pipeline/report_pictures.h"

#include <algorithm>
#include <fstream>

#include "core/parallel.h"
#include "core/text.h"
#include "io/files.h"
#include "pipeline/assignments_csv.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;

// A report of so many images is one file, of 5 to 25 MB, that a browser opens at once.
constexpr std::int64_t most_in_page = 2000;
// A larger one has fewer pictures a cluster in the page where there are many clusters.
constexpr std::int64_t most_shown = 3000, fewest_of_cluster = 3;
constexpr std::int64_t page_edge = 192, file_edge = 128, small_file_edge = 96;
constexpr std::int64_t most_for_file_edge = 100'000;
constexpr std::size_t kept_at_once = 256;

/// Written where nothing else is yet; the folder gets its name when all of its files are there.
void write_new_file(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) fail_to_write("run", path);
}

std::string file_name(std::int64_t number) {
  return formatted("%06lld.js", static_cast<long long>(number));
}

class ReportPictures {
 public:
  ReportPictures(Report& report, const RunRecord& record, const ReadImage& read, Progress& progress)
      : report_(report),
        record_(record),
        progress_(progress),
        thumbnails_(record, read),
        nouns_(record.vocabulary.nouns ? record.vocabulary.nouns->chosen() : std::vector<std::string>()),
        // Rows that nobody named have no pictures, even where a file happens to be called "7".
        pictures_(record.options.features.empty() || !record.options.names.empty()),
        members_(members_by_score(record.clustering.assignment,
                                  static_cast<std::int64_t>(record.summary.clusters.size()))) {}

  void take_images(const std::optional<Labels>& labels) {
    const Assignment& assignment = record_.clustering.assignment;
    Report::Images images{.clusters = assignment.labels,
                          .scores = assignment.scores,
                          .places = std::vector<std::int64_t>(assignment.labels.size()),
                          .digest = digest_of_paths(record_.images.paths),
                          .beside = size() > most_in_page,
                          .pictures = pictures_};
    if (!record_.map.empty()) images.map = Matrix<float>(record_.map.view());
    if (labels) {
      images.classes = labels->classes;
      images.labels = labels->of_image;
    }
    for (const auto& members : members_)
      for (const std::int64_t row : members) {
        images.places[static_cast<std::size_t>(row)] = std::ssize(row_at_);
        row_at_.push_back(row);
      }
    report_.images = std::move(images);
  }

  /// The pictures in the page itself.
  void fill_clusters() {
    const auto n_clusters = static_cast<std::int64_t>(report_.clusters.size());
    const std::int64_t most =
        report_.images->beside
            ? std::max(fewest_of_cluster, most_shown / std::max<std::int64_t>(n_clusters, 1))
            : size();
    std::vector<Report::Picture*> pictures;
    for (std::size_t c = 0; c < members_.size(); ++c) {
      auto& cluster = report_.clusters[c];
      const auto shown = static_cast<std::size_t>(std::min(most, record_.options.exemplars));
      for (std::size_t i = 0; i < members_[c].size(); ++i) {
        if (i < shown)
          cluster.pictures.push_back(picture_of(members_[c][i]));
        else if (!report_.images->beside)
          cluster.more.push_back(picture_of(members_[c][i]));
      }
      for (auto* list : {&cluster.pictures, &cluster.more})
        for (auto& picture : *list) pictures.push_back(&picture);
    }
    if (!pictures_) return;
    parallel_blocks(std::ssize(pictures), 4, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      for (std::int64_t i = begin; i < end; ++i) {
        progress_.check_stop();
        auto& picture = *pictures[static_cast<std::size_t>(i)];
        picture.thumbnail_jpeg = thumbnails_.of(picture.row, page_edge);
      }
    });
  }

  void write_files(const fs::path& folder) {
    const fs::path unfinished = folder.string() + ".new";
    fs::remove_all(unfinished);
    fs::create_directories(unfinished / "pictures");
    fs::create_directories(unfinished / "names");
    write_picture_files(unfinished / "pictures");
    for (std::int64_t first = 0; first < size(); first += names_per_file) {
      std::vector<std::pair<std::string, std::string>> names;
      for (std::int64_t row = first; row < std::min(size(), first + names_per_file); ++row)
        names.emplace_back(path(row), nouns_of(record_, nouns_, row));
      const std::int64_t number = first / names_per_file;
      write_new_file(unfinished / "names" / file_name(number), report_names_file(number, names));
    }
    write_new_file(unfinished / "index.js", report_index_file(report_));
    fs::remove_all(folder);
    fs::rename(unfinished, folder);
  }

 private:
  std::int64_t size() const { return std::ssize(record_.images.paths); }
  const std::string& path(std::int64_t row) const {
    return record_.images.paths[static_cast<std::size_t>(row)];
  }

  Report::Picture picture_of(std::int64_t row) const {
    return {.path = path(row),
            .score = static_cast<double>(record_.clustering.assignment.scores[static_cast<std::size_t>(row)]),
            .row = row,
            .words = nouns_of(record_, nouns_, row)};
  }

  void write_picture_files(const fs::path& folder) {
    const std::int64_t edge = size() <= most_for_file_edge ? file_edge : small_file_edge;
    progress_.start("Drawing the report", size(), "pictures");
    parallel_blocks(size(), pictures_per_file,
                    [&](std::int64_t begin, std::int64_t end, std::int64_t number) {
                      progress_.check_stop();
                      std::vector<Report::Picture> pictures;
                      for (std::int64_t place = begin; place < end; ++place) {
                        pictures.push_back(picture_of(row_at_[static_cast<std::size_t>(place)]));
                        if (pictures_)
                          pictures.back().thumbnail_jpeg = thumbnails_.of(pictures.back().row, edge);
                      }
                      write_new_file(folder / file_name(number), report_pictures_file(number, pictures));
                      progress_.advance(end - begin);
                    });
    progress_.finish();
  }

  Report& report_;
  const RunRecord& record_;
  Progress& progress_;
  Thumbnails thumbnails_;
  std::vector<std::string> nouns_;
  bool pictures_;
  std::vector<std::vector<std::int64_t>> members_;
  std::vector<std::int64_t> row_at_;  // (N), by place
};

}  // namespace

Thumbnails::Thumbnails(const RunRecord& record, ReadImage read)
    : record_(record), read_(std::move(read)), cache_([&] {
        const fs::path folder = cache_folder(record.options.cache);
        return folder.empty() ? folder : folder / "embeddings.sqlite";
      }()) {}

Thumbnails::~Thumbnails() {
  flush();
}

std::string Thumbnails::of(std::int64_t row, std::int64_t edge) {
  const std::string& path = record_.images.paths[static_cast<std::size_t>(row)];
  const std::string kind = "thumbnail " + std::to_string(edge) + " decode-3 shrink_on_load=" +
                           std::to_string(record_.options.images.shrink_on_load);
  const auto known = record_.names_are_files ? cache_.known_content(path) : std::nullopt;
  if (known)
    if (auto jpeg = cache_.find_bytes(*known, kind)) return *jpeg;
  try {
    const ImageFile file = read_(path, row);
    if (!known || *known != file.sha256)
      if (auto jpeg = cache_.find_bytes(file.sha256, kind)) return *jpeg;
    std::string jpeg = make_thumbnail(file, edge, record_.options.images);
    keep(file.sha256, kind, jpeg);
    return jpeg;
  } catch (const ImageError&) {
    return {};  // It went away since it was encoded, or is a name and no path.
  }
}

void Thumbnails::keep(const std::string& content, const std::string& kind, const std::string& jpeg) {
  std::unique_lock lock(mutex_);
  new_.push_back({kind, {content, jpeg}});
  const bool enough = new_.size() >= kept_at_once;
  lock.unlock();
  if (enough) flush();
}

void Thumbnails::flush() {
  std::vector<Kept> kept;
  {
    const std::lock_guard lock(mutex_);
    kept.swap(new_);
  }
  while (!kept.empty()) {
    const std::string kind = kept.front().kind;
    std::vector<EmbeddingCache::BytesEntry> entries;
    std::erase_if(kept, [&](Kept& each) {
      if (each.kind != kind) return false;
      entries.push_back(std::move(each.entry));
      return true;
    });
    cache_.store_bytes(entries, kind);
  }
}

void add_report_pictures(Report& report, const RunRecord& record, const std::optional<Labels>& labels,
                         const ReadImage& read, Progress& progress) {
  ReportPictures pictures(report, record, read, progress);
  pictures.take_images(labels);
  pictures.fill_clusters();
  const fs::path folder = record.options.output / "report";
  if (report.images->beside)
    pictures.write_files(folder);
  else
    fs::remove_all(folder);  // of a run that was larger
}

}  // namespace ilk
