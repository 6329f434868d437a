#include <ilk/models.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "core/fail.h"
#include "encoders/encoder_list.h"
#include "io/download.h"
#include "io/file_lock.h"
#include "io/json_file.h"
#include "model_store/hub.h"
#include "model_store/model_record.h"

namespace ilk {

using namespace model_store;
namespace {

constexpr std::string_view in_get_model = "get_model";

/// What belongs to a model beside its weights, where it is there.
const std::vector<std::string> small_files = {"config.json",
                                              "preprocessor_config.json",
                                              "processor_config.json",
                                              "tokenizer.json",
                                              "tokenizer_config.json",
                                              "special_tokens_map.json",
                                              "vocab.json",
                                              "merges.txt",
                                              "vocab.txt",
                                              "modules.json",
                                              "sentence_bert_config.json",
                                              "config_sentence_transformers.json",
                                              "nouns.txt",
                                              "captions.txt",
                                              "README.md",
                                              "LICENSE",
                                              "LICENSE.md",
                                              "LICENSE.txt"};
constexpr const char* weights_name = "model.safetensors";
constexpr const char* index_name = "model.safetensors.index.json";
constexpr const char* modules_name = "modules.json";

/// The downloads of a model as one stage; files that were there count as done.
class OneStage : public Progress {
 public:
  explicit OneStage(Progress& outer) : outer_(outer) {}
  ~OneStage() override {
    if (begun_) outer_.finish();
  }
  void begin(const std::string& stage, std::int64_t total) {
    begun_ = true;
    outer_.start(stage, total, "bytes");
  }
  void advance(std::int64_t count) override {
    of_file_ += count;
    if (begun_) outer_.advance(count);
  }
  void say(std::string_view sentence) override { outer_.say(sentence); }
  bool stop_requested() const override { return outer_.stop_requested(); }
  /// A file of this size is there now.
  void file_done(std::int64_t size) {
    if (begun_ && size > of_file_) outer_.advance(size - of_file_);
    of_file_ = 0;
  }

 private:
  Progress& outer_;
  std::int64_t of_file_ = 0;
  bool begun_ = false;
};

struct Wanted {
  std::string name;  // as the user said it, without the revision
  std::string repository;
  std::string revision;
};

Wanted resolve(const std::string& name) {
  const auto at = name.find('@');
  Wanted wanted{.name = name.substr(0, at), .repository = name.substr(0, at), .revision = "main"};
  if (const KnownModel* known = known_model(wanted.name)) {
    wanted.repository = known->repository;
    wanted.revision = known->revision;
  } else if (!is_repository(wanted.name)) {
    std::string names;
    for (const KnownModel& model : known_models()) names += (names.empty() ? "" : ", ") + model.name;
    fail(in_get_model, "no model is named '", name, "'; there are ", names,
         ", and any repository on the hub as 'owner/name'.");
  }
  if (at != std::string::npos) wanted.revision = name.substr(at + 1);
  require(!wanted.revision.empty(), in_get_model, "a revision must follow the @ in '", name, "'.");
  return wanted;
}

/// One process at a time fetches a model; the lock's file goes with its holder.
class ModelLock {
 public:
  ModelLock(const std::filesystem::path& path, Progress& progress) : lock_(path) {
    for (bool told = false; !lock_.try_lock(FileLock::Kind::exclusive); told = true) {
      if (!told) progress.say("Another process is fetching this model; waiting for it.");
      progress.check_stop();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  ~ModelLock() {
    std::error_code ignored;
    std::filesystem::remove(lock_.path(), ignored);
  }

 private:
  FileLock lock_;
};

bool is_there_and_right(const std::filesystem::path& directory, const Wanted& wanted,
                        const Progress& progress) {
  try {
    const auto record = read_model_record(directory);
    if (!record || record->repository != wanted.repository || record->revision != wanted.revision)
      return false;
    return std::all_of(record->files.begin(), record->files.end(), [&](const ModelRecord::File& file) {
      return difference(file, examine(directory, file.name, progress)).empty();
    });
  } catch (const Error&) {
    return false;
  }
}

bool has_weights(const std::map<std::string, HubFile>& files) {
  return files.contains(weights_name) || files.contains(index_name);
}

class Fetch {
 public:
  Fetch(const Wanted& wanted, const GetModelOptions& options, const std::filesystem::path& directory,
        Progress& progress)
      : wanted_(wanted),
        hub_(options, wanted.repository, progress),
        directory_(directory),
        outer_(progress),
        progress_(progress) {}

  void run() {
    list();
    std::filesystem::create_directories(directory_);
    fetch("config.json");
    check_configuration();
    names_ = small_names();
    if (files_.contains(modules_name)) names_.push_back(pooling_name());
    for (const std::string& name : weight_names()) names_.push_back(name);
    std::int64_t total = 0;
    for (const std::string& name : names_) total += files_.at(name).size;
    progress_.begin("fetching " + wanted_.name, total);
    for (const std::string& name : names_) fetch(name);
    record();
  }

 private:
  void list() {
    revision_ = wanted_.revision;
    files_ = hub_.files(revision_);
    if (!has_weights(files_)) {
      const std::string conversion = hub_.conversion();
      if (!conversion.empty()) {
        auto converted = hub_.files(conversion);
        if (has_weights(converted)) {
          outer_.say("The weights of " + wanted_.repository +
                     " are taken from the hub's own conversion to safetensors, " + conversion + ".");
          files_ = std::move(converted);
          revision_ = conversion;
        }
      }
    }
    std::vector<std::string> others;
    for (const auto& [name, file] : files_)
      if (name.ends_with(".bin") || name.ends_with(".safetensors") || name.ends_with(".onnx") ||
          name.ends_with(".h5") || name.ends_with(".msgpack"))
        others.push_back(name);
    std::string there;
    for (const std::string& name : others) there += (there.empty() ? "" : ", ") + name;
    require(has_weights(files_), in_get_model, wanted_.repository, " at ", wanted_.revision, " has no ",
            weights_name,
            there.empty() ? std::string(" and no other weights")
                          : " (it has " + there + ", which ilk does not read)",
            "; a branch that has it can be named as ", wanted_.repository, "@refs/pr/NUMBER.");
    require(files_.contains("config.json"), in_get_model, wanted_.repository, " at ", revision_,
            " has no config.json.");
    const bool has_pairs = files_.contains("vocab.json") && files_.contains("merges.txt");
    require(files_.contains("tokenizer.json") || files_.contains("vocab.txt") || has_pairs, in_get_model,
            wanted_.repository, " at ", revision_,
            " has no tokenizer.json, nor vocab.txt, nor vocab.json and merges.txt.");
  }

  void fetch(const std::string& name) {
    const HubFile& file = files_.at(name);
    hub_.fetch(revision_, name, file, directory_, progress_);
    progress_.file_done(file.size);
  }

  /// Before hundreds of megabytes are fetched for nothing.
  void check_configuration() const {
    const auto configuration = read_json_file(directory_ / "config.json", in_get_model);
    const std::string type = configuration.is_object() && configuration.contains("model_type") &&
                                     configuration["model_type"].is_string()
                                 ? configuration["model_type"].get<std::string>()
                                 : "";
    std::string known;
    bool is_known = false;
    for (const auto* kind : encoder_kinds()) {
      if (!kind->on_hub) continue;
      known += (known.empty() ? "" : ", ") + std::string(kind->model_type);
      is_known = is_known || kind->model_type == type;
    }
    require(is_known, in_get_model, wanted_.repository, " is a model of type '", type, "'; ilk reads ", known,
            ".");
  }

  /// The configuration of a sentence encoder's pooling, which lies in a folder of its own.
  std::string pooling_name() {
    fetch(modules_name);
    std::string folder;
    try {
      for (const auto& module : read_json_file(directory_ / modules_name, in_get_model))
        if (module.at("type").get<std::string>().ends_with(".Pooling"))
          folder = module.at("path").get<std::string>();
    } catch (const nlohmann::json::exception& error) {
      fail(in_get_model, wanted_.repository, ": ", modules_name,
           " does not list modules: ", json_fault(error), ".");
    }
    require(is_plain_name(folder), in_get_model, wanted_.repository, ": ", modules_name,
            " must name a folder for the pooling, got '", folder, "'.");
    std::string name = folder + "/config.json";
    for (const auto& [path, file] : hub_.files(revision_, folder))
      if (path == name) files_.emplace(path, file);
    require(files_.contains(name), in_get_model, wanted_.repository, " at ", revision_, " has no ", name,
            ".");
    return name;
  }

  std::vector<std::string> small_names() const {
    std::vector<std::string> names;
    for (const std::string& name : small_files)
      if (files_.contains(name)) names.push_back(name);
    return names;
  }

  std::vector<std::string> weight_names() {
    if (files_.contains(weights_name)) return {weights_name};
    fetch(index_name);
    const auto index = read_json_file(directory_ / index_name, in_get_model);
    std::set<std::string> shards;
    try {
      for (const auto& [tensor, shard] : index.at("weight_map").items())
        shards.insert(shard.get<std::string>());
    } catch (const nlohmann::json::exception& error) {
      fail(in_get_model, wanted_.repository, ": ", index_name,
           " does not say where the weights are: ", json_fault(error), ".");
    }
    std::vector<std::string> names = {index_name};
    for (const std::string& shard : shards) {
      require(is_plain_name(shard) && shard.ends_with(".safetensors") && files_.contains(shard), in_get_model,
              wanted_.repository, ": ", index_name, " names '", shard, "', which is not there.");
      names.push_back(shard);
    }
    return names;
  }

  void record() const {
    ModelRecord record{
        .repository = wanted_.repository, .revision = wanted_.revision, .taken_from = revision_};
    const std::set<std::string> names(names_.begin(), names_.end());
    for (const std::string& name : names) record.files.push_back(examine(directory_, name, outer_));
    // What an earlier attempt fetched of another revision does not belong to this one.
    std::vector<std::filesystem::path> strangers;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      const std::string name = entry.path().filename().string();
      const auto below = names.lower_bound(name + "/");
      const bool holds_one = below != names.end() && below->starts_with(name + "/");
      if (!names.contains(name) && !holds_one) strangers.push_back(entry.path());
    }
    for (const auto& stranger : strangers) std::filesystem::remove_all(stranger);
    write_model_record(directory_, record);
  }

  const Wanted& wanted_;
  Hub hub_;
  std::filesystem::path directory_;
  Progress& outer_;
  OneStage progress_;
  std::string revision_;
  std::map<std::string, HubFile> files_;
  std::vector<std::string> names_;
};

}  // namespace

std::filesystem::path get_model(const std::string& name, const GetModelOptions& given, Progress& progress) {
  const Wanted wanted = resolve(name);
  GetModelOptions options = given;
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  auto place = place_of(wanted.name);
  const std::filesystem::path unfinished = place.string() + ".part";
  try {
    std::filesystem::create_directories(place.parent_path());
    const ModelLock lock(place.string() + ".lock", progress);
    if (std::filesystem::exists(place)) {
      if (is_there_and_right(place, wanted, progress)) return place;
      require(std::filesystem::exists(place / "ilk-model.json") || std::filesystem::is_empty(place),
              in_get_model, place, " is there, but ilk did not fetch it; move it away to fetch '", name,
              "'.");
      // Damaged, or of another revision: what is right in it is kept.
      if (std::filesystem::exists(unfinished)) std::filesystem::remove_all(unfinished);
      std::filesystem::rename(place, unfinished);
    }
    Fetch(wanted, options, unfinished, progress).run();
    std::filesystem::rename(unfinished, place);
  } catch (const NoConnection& error) {
    fail(in_get_model, error.text(),
         " Without a network: copy the model's folder from another machine and give --model FOLDER.");
  } catch (const std::filesystem::filesystem_error& error) {
    throw WriteError(in_get_model, "cannot write the model to the folder " + place.parent_path().string() +
                                       ": " + error.code().message() + ".");
  }
  return place;
}

}  // namespace ilk
