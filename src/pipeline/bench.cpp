// S seeds of each method, N images, K clusters.
#include <ilk/array_file.h>
#include <ilk/bench.h>
#include <ilk/duration.h>
#include <ilk/error.h>
#include <ilk/file_lock.h>
#include <ilk/files.h>
#include <ilk/image_list.h>
#include <ilk/models.h>
#include <ilk/version.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <sstream>

#include "options_json.h"
#include "run_assignments.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr std::string_view function = "bench";

std::vector<Method> parse_methods(const std::string& text) {
  std::vector<Method> methods;
  std::istringstream names(text);
  for (std::string name; std::getline(names, name, ',');) {
    const auto method = enum_value<Method>(name, "--methods", "methods");
    require(std::find(methods.begin(), methods.end(), method) == methods.end(), "--methods",
            "methods must name each method once, got ", name, " twice.");
    methods.push_back(method);
  }
  require(!methods.empty(), "--methods", "methods must name at least one method, got none.");
  return methods;
}

/// What the runs are scored against, and what is known of the images before any of them.
class Truth {
 public:
  Truth(const RunInputs& inputs, const RunOptions& options) : options_(options) {
    std::vector<std::string> names;
    if (!options.features.empty()) {
      const ArrayFile file(options.features);
      require(!file.shape().empty(), function, "features must have rows, got none.");
      for (std::int64_t i = 0; i < file.shape()[0]; ++i) names.push_back(std::to_string(i));
      if (!options.names.empty()) {
        names = read_input_list(fs::path(options.names));
      }
      data_ = options.features;
    } else if (is_dataset(inputs, options.dataset)) {
      place_ = inputs.paths.front();
      const Dataset dataset = open_dataset(place_, options.dataset);
      for (const auto& image : dataset.images) names.push_back(image.name);
      data_ = dataset.place + " (" + dataset.format +
              (options.dataset.split.empty() ? "" : ", split " + options.dataset.split) +
              (options.dataset.classes.empty() ? "" : ", classes " + options.dataset.classes) + ")";
    } else {
      names = list_images(inputs.paths, inputs.listed).paths;
      data_ = inputs.paths.empty() ? "listed files" : inputs.paths.front();
    }
    require(!place_.empty() || !options.labels.empty(), function,
            "labels must be given to score against, or a data set that has them, got neither.");
    require(!names.empty(), function, "there must be at least one image, got none.");
    n_images_ = static_cast<std::int64_t>(names.size());
    const Labels& found = labels(names);
    for (const auto label : found.of_image)
      if (label >= 0) used_.insert(label);
    require(used_.size() >= 2, function, "the labels must name at least two classes, got ", used_.size(),
            ".");
  }

  std::int64_t n_images() const { return n_images_; }
  std::int64_t n_classes() const { return static_cast<std::int64_t>(used_.size()); }
  std::string text() const {
    return data_ + ": " + std::to_string(n_images_) + " images, " + std::to_string(used_.size()) + " classes";
  }

  Agreement score(const RunAssignments& run) {
    const auto [classes, clusters] = labelled_only(labels(run.paths), run.clusters);
    return agreement(classes, clusters);
  }

 private:
  static bool is_dataset(const RunInputs& inputs, const DatasetOptions& part) {
    return inputs.paths.size() == 1 && inputs.listed.empty() &&
           (!part.split.empty() || !part.classes.empty() || is_packed_dataset(inputs.paths.front()));
  }

  /// All runs have the same images, so that the labels are read twice at most.
  const Labels& labels(const std::vector<std::string>& paths) {
    if (paths == paths_) return labels_;
    if (options_.labels.empty()) {
      auto found = labels_for(paths, {.dataset = place_, .part = options_.dataset});
      if (!found) fail(function, "there must be labels to score against.");
      labels_ = *std::move(found);
    } else {
      labels_ = read_labels(options_.labels, paths, !options_.features.empty());
    }
    paths_ = paths;
    return labels_;
  }

  const RunOptions& options_;
  std::string place_, data_;  // of a data set; of anything
  std::int64_t n_images_ = 0;
  std::vector<std::string> paths_;
  Labels labels_;
  std::set<std::int64_t> used_;
};

/// Sizes and times of the files that are named in these options, so that a run on other contents is another.
void stamp_files(const Json& json, Json& stamps) {
  if (json.is_structured()) {
    for (const auto& each : json) stamp_files(each, stamps);
    return;
  }
  if (!json.is_string()) return;
  const auto text = json.get<std::string>();
  for (const std::string& name : {text, text.substr(0, text.rfind(':'))}) {
    std::error_code error;
    if (!fs::is_regular_file(name, error)) continue;
    stamps[name] = {fs::file_size(name), fs::last_write_time(name).time_since_epoch().count()};
    return;
  }
}

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// Number, size and times of the files in a folder, links followed no further.
Json stamp_folder(const fs::path& folder) {
  std::uint64_t files = 0, bytes = 0, times = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error),
       end;
       !error && entry != end; entry.increment(error)) {
    if (!entry->is_regular_file(error)) continue;
    ++files;
    bytes += entry->file_size(error);
    times += static_cast<std::uint64_t>(entry->last_write_time(error).time_since_epoch().count());
  }
  return {files, bytes, times};
}

/// The folder or file that an input means: "FORMAT:PATH" and "PATH".
fs::path place_of(const std::string& input) {
  std::error_code error;
  const auto colon = input.find(':');
  return colon == std::string::npos || fs::exists(input, error) ? input : input.substr(colon + 1);
}

/// What the images and the model are, as far as can be told without reading them.
Json stamps_of(const RunInputs& inputs, const RunOptions& options) {
  Json stamps = Json::object();
  std::vector<fs::path> places;
  places.reserve(inputs.paths.size() + 1);
  for (const auto& input : inputs.paths) places.push_back(place_of(input));
  if (options.features.empty()) places.push_back(find_model(options.model));
  for (const auto& place : places) {
    std::error_code error;
    if (fs::is_directory(place, error))
      stamps[place.string()] = stamp_folder(place);
    else
      stamp_files(place.string(), stamps);
  }
  return stamps;
}

/// What makes a run the same run: where it is done, and with how much, does not count.
Json key_of(const RunInputs& inputs, const Json& stamps, std::int64_t n_images, const RunOptions& options) {
  Json json = options_to_json(options);
  for (const char* name : {"output", "threads", "memory", "cache"}) json.erase(name);
  Json key{{"version", ILK_VERSION},
           {"options", json},
           {"paths", inputs.paths},
           {"listed", inputs.listed},
           {"images", n_images}};
  Json files = stamps;
  stamp_files(key, files);
  key["files"] = files;
  // As it is once it was written: names that are no UTF-8 change on the way.
  return Json::parse(dump(key));
}

Json read_json(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) ? Json::parse(read_file(path), nullptr, false) : Json();
}

/// Whether `path` is `folder` or below it; no where the latter is no folder.
bool lies_in(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return false;
  const std::string below = fs::weakly_canonical(fs::absolute(path), error).string() + "/",
                    above = fs::canonical(folder, error).string() + "/";
  return below.starts_with(above);
}

class Bench {
 public:
  Bench(const RunInputs& inputs, const BenchOptions& options, const RunOptions& run_options,
        const std::string& command, const StartRun& start, Progress& progress)
      : inputs_(inputs),
        options_(options),
        run_options_(run_options),
        output_(run_options.output),
        start_(start),
        progress_(progress),
        truth_(inputs_, run_options_) {
    table_.command = command;
    table_.methods = parse_methods(options.methods);
    RunOptions& run = run_options_;
    for (const auto& input : inputs_.paths)
      require(!lies_in(output_, place_of(input)), function, "output must lie outside of ", input,
              ", or it would be clustered too, got ", output_, ".");
    if (run.cae.kmeans.n_clusters == 0)
      run.cae.kmeans.n_clusters = run.choose_clusters.empty() ? truth_.n_classes() : 2;
    check_ranges(run, function);
    if (run.cache == "none") run.cache = (output_ / "cache").string();
    stamps_ = stamps_of(inputs_, run);
  }

  BenchTable go() {
    check_folder();
    FileLock lock(output_ / "bench.lock");
    require(lock.try_lock(FileLock::Kind::exclusive), function, "another bench is at work in ", output_, ".");
    std::error_code error;
    if (!fs::exists(output_ / "table.json", error))
      write_file_atomically(output_ / "table.json", to_json(table_) + "\n");
    describe();
    if (run_options_.features.empty()) prepare();
    progress_.start("Runs", static_cast<std::int64_t>(table_.methods.size()) * options_.seeds, "runs");
    for (const Method method : table_.methods) run_method(method);
    progress_.finish();
    write_table();
    return table_;
  }

 private:
  void check_folder() const {
    std::error_code error;
    require(!fs::exists(output_, error) || fs::is_directory(output_, error), function,
            "output must be a folder, got the file ", output_, ".");
    const Json found = read_json(output_ / "table.json");
    require((found.is_object() && found.value("program", "") == "ilk bench") || !fs::exists(output_, error) ||
                fs::is_empty(output_, error),
            function, "output must be a bench's folder, an empty or a new folder; ", output_,
            " holds other files.");
  }

  void describe() {
    const RunOptions& run = run_options_;
    table_.protocol = {
        truth_.text() + ". " +
            (run.features.empty() ? "Model: " + fs::path(run.model).filename().string() + "."
                                  : "No model: features from a file."),
        (run.choose_clusters.empty()
             ? "K = " + std::to_string(run.cae.kmeans.n_clusters) +
                   (run.cae.kmeans.n_clusters == truth_.n_classes() ? ", the number of classes, which is "
                                                                      "all that methods are told of them."
                                                                    : ".")
             : "K is chosen by each run (" + run.choose_clusters + ").") +
            (options_.seeds == 1
                 ? " Seed " + std::to_string(run.cae.kmeans.seed) + "."
                 : " Seeds " + std::to_string(run.cae.kmeans.seed) + " to " +
                       std::to_string(run.cae.kmeans.seed + static_cast<std::uint64_t>(options_.seeds) - 1) +
                       "; mean ± sample deviation over them.") +
            " ACC, NMI and ARI in %.",
        "Each method clusters all these images, and heads (sac, tac-trained) learn from the same ones. "
        "Labels "
        "score results; nothing is trained, chosen or stopped by them.",
        "Each run is a process of its own; its time is from start to end, with features of images and words "
        "known from before."};
  }

  RunOptions options_for(Method method, std::uint64_t seed, const std::string& name) const {
    RunOptions run = run_options_;
    run.method = method;
    run.labels.clear();
    run.cae.kmeans.seed = seed;
    run.output = output_ / "runs" / name;
    if (method != Method::sac) {
      run.captions.clear();
      run.text_encoder.clear();
      run.text_features.clear();
      run.missing_captions = {};
    }
    return run;
  }

  /// The finished run's facts: what was kept of it, or what it gives now. A failure has a reason instead.
  Json result_of(const RunOptions& run, std::string& failure) {
    const fs::path kept = run.output.string() + ".json";
    const Json key = key_of(inputs_, stamps_, truth_.n_images(), run);
    Json known = read_json(kept);
    std::error_code error;
    if (known.is_object() && known.value("key", Json()) == key &&
        fs::exists(run.output / "assignments.csv", error))
      return known;
    // What a stopped training left is taken up again, with the time that it took. Of a run on other options,
    // and of one that was killed, whose time nobody knows, nothing is.
    const fs::path begun = run.output.string() + ".begun.json";
    Json before = read_json(begun);
    if (!before.is_object() || before.value("key", Json()) != key || !before.value("stopped", false)) {
      fs::remove_all(run.output, error);
      before = {{"seconds", 0.0}, {"cpu_seconds", 0.0}};
    }
    before["key"] = key;
    before["stopped"] = false;
    write_file_atomically(begun, dump(before));
    fs::remove(kept, error);
    const BenchProcess process = start_(inputs_, run, run.output.string() + ".log");
    const double seconds = before["seconds"].get<double>() + process.seconds,
                 cpu_seconds = before["cpu_seconds"].get<double>() + process.cpu_seconds;
    constexpr int stopped = 130;
    // One that is told twice, or before it listens, dies of it.
    if (process.status == stopped || (process.status < 0 && progress_.stop_requested())) {
      before["seconds"] = seconds;
      before["cpu_seconds"] = cpu_seconds;
      before["stopped"] = true;
      write_file_atomically(begun, dump(before));
      throw Stopped();
    }
    if (process.status != 0) progress_.check_stop();
    const Json manifest = read_json(run.output / "manifest.json");
    if (process.status != 0 || !manifest.is_object() || manifest.value("status", "") != "complete") {
      failure = process.status < 0      ? "ended by signal " + std::to_string(-process.status)
                : process.error.empty() ? "ended with status " + std::to_string(process.status)
                                        : process.error;
      return {};
    }
    if (!options_.keep_features)
      for (const char* name : {"features.safetensors", "training.safetensors"})
        fs::remove(run.output / name, error);
    const Json& summary = manifest.at("summary");
    Json facts{{"key", key},
               {"seconds", seconds},
               {"cpu_seconds", cpu_seconds},
               {"peak_memory_mebibytes", summary.at("peak_memory_mebibytes")},
               {"encoded", summary.at("encoded")},
               {"from_cache", summary.at("from_cache")}};
    write_file_atomically(kept, dump(facts));
    fs::remove(begun, error);
    return facts;
  }

  /// Encodes images, words and texts, once for all runs.
  void prepare() {
    const auto has = [&](Method method) {
      return std::find(table_.methods.begin(), table_.methods.end(), method) != table_.methods.end();
    };
    const bool texts = has(Method::sac) && !run_options_.captions.empty();
    RunOptions run =
        options_for(texts ? Method::sac : Method::kmeans, run_options_.cae.kmeans.seed, "features");
    run.choose_clusters.clear();
    run.cae.kmeans.n_clusters = std::max<std::int64_t>(2, run.cae.kmeans.n_clusters);
    run.cae.kmeans.n_init = 1;
    run.training.epochs = 1;
    std::error_code error;
    if (!fs::exists(run.output.string() + ".json", error))
      progress_.say("Encoding images and words, for all runs (" + run.output.string() + ".log)");
    std::string failure;
    const Json facts = result_of(run, failure);
    require(failure.empty(), function, "the run that encodes images and words failed: ", failure);
    char memory[32];
    std::snprintf(memory, sizeof memory, "%.0f MiB", facts.at("peak_memory_mebibytes").get<double>());
    table_.protocol.push_back(
        "Features were made by a run before, in " + duration_text(facts.at("seconds").get<double>()) +
        " and " + memory + " (" + std::to_string(facts.at("encoded").get<std::int64_t>()) +
        " images encoded then, " + std::to_string(facts.at("from_cache").get<std::int64_t>()) +
        " known already).");
  }

  void run_method(Method method) {
    for (std::int64_t s = 0; s < options_.seeds; ++s) {
      progress_.check_stop();
      const std::uint64_t seed = run_options_.cae.kmeans.seed + static_cast<std::uint64_t>(s);
      const std::string name = std::string(enum_name(method)) + "-" + std::to_string(seed);
      const RunOptions run = options_for(method, seed, name);
      std::string failure;
      const Json facts = result_of(run, failure);
      if (!failure.empty()) {
        table_.failures.emplace_back(std::string(enum_name(method)) + ", seed " + std::to_string(seed),
                                     failure);
        write_table();
        return;  // another seed would fail alike
      }
      const RunAssignments assignments = read_assignments(run.output);
      table_.runs.push_back({.method = method,
                             .seed = seed,
                             .n_clusters = static_cast<std::int64_t>(assignments.names.size()),
                             .agreement = truth_.score(assignments),
                             .seconds = facts.at("seconds"),
                             .cpu_seconds = facts.at("cpu_seconds"),
                             .peak_memory_mebibytes = facts.at("peak_memory_mebibytes"),
                             .encoded = facts.at("encoded")});
      if (table_.runs.back().encoded > 0)
        progress_.say(name +
                      " encoded images itself, which its time and memory tell of: the cache lacked them.");
      write_table();
      progress_.advance(1);
    }
  }

  void write_table() const {
    write_file_atomically(output_ / "table.md", to_markdown(table_));
    write_file_atomically(output_ / "table.csv", to_csv(table_));
    write_file_atomically(output_ / "table.json", to_json(table_) + "\n");
  }

  RunInputs inputs_;
  BenchOptions options_;
  RunOptions run_options_;
  fs::path output_;
  const StartRun& start_;
  Progress& progress_;
  BenchTable table_;
  Truth truth_;
  Json stamps_;
};

}  // namespace

BenchTable bench(const RunInputs& inputs, const BenchOptions& options, const RunOptions& run_options,
                 const std::string& command, const StartRun& start, Progress& progress) {
  check_ranges(options, function);
  parse_methods(options.methods);  // before anything is read
  return Bench(inputs, options, run_options, command, start, progress).go();
}

}  // namespace ilk
