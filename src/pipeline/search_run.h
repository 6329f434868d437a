#pragma once
// N images of a run, D dimensions.
#include <ilk/options.h>
#include <ilk/progress.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ilk {

struct SearchOptions {
  std::string image;
  std::int64_t count = 24;
  std::filesystem::path output;
  std::filesystem::path page;
  std::string model;
  std::optional<std::int64_t> threads;
};

template <OptionsOf<SearchOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"image", options.image, "search by this picture instead of words"});
  visit(Field{"count", options.count, "how many images to find"}.at_least(1));
  visit(Field{"output", options.output, "CSV to write"});
  visit(Field{"page", options.page, "HTML page to write, with the pictures"});
  visit(Field{"model", options.model, "where the run's model is now, if not where it was"});
  visit(Field{"threads", options.threads, "threads to use (else all cores)"}.between(1, 4096));
}

struct SearchHit {
  std::string path;
  double cosine = 0;  ///< with the query, by the run's model
  std::int64_t cluster = 0;
  std::string name;  ///< the cluster's
};

/// The images of a finished run that are nearest to words or to a picture by the run's model, nearest first;
/// writes the CSV (path, cosine, cluster, name) and the page where options name them. Exactly one of `words`
/// and `options.image` must be given. Throws Error for a run of features from a file, whose model is not
/// known, for another model than the run's, and ImageError's text for a picture that cannot be read.
std::vector<SearchHit> search_run(const std::filesystem::path& run, const std::string& words,
                                  const SearchOptions& options, Progress& progress = silent());

}  // namespace ilk
