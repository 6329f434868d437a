#include "encoders/sentence_config.h"

#include <array>

#include "core/fail.h"
#include "encoders/config_reader.h"
#include "io/json_file.h"

namespace ilk {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view in_sentence_bert = "SentenceBert";

void read_pooling(const fs::path& path, SentenceConfig& config) {
  const json file = read_json_object(path, in_sentence_bert);
  const ConfigReader reader(file, "", path, in_sentence_bert);
  // The mean of sums over √T has the mean's direction.
  const std::array<std::pair<const char*, Pooling>, 4> modes{
      {{"pooling_mode_mean_tokens", Pooling::mean},
       {"pooling_mode_mean_sqrt_len_tokens", Pooling::mean},
       {"pooling_mode_cls_token", Pooling::first},
       {"pooling_mode_max_tokens", Pooling::maximum}}};
  int asked = 0;
  for (const auto& [key, pooling] : modes) {
    bool is_asked = false;
    reader.read(key, is_asked);
    if (!is_asked) continue;
    config.pooling = pooling;
    ++asked;
  }
  for (const char* key : {"pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"})
    reader.require_value(key, false);
  require(asked == 1, in_sentence_bert, path, " must ask for one mode of pooling, mean, cls or max, got ",
          asked, ".");
  config.files.push_back(path);
}

void read_modules(const fs::path& path, SentenceConfig& config) {
  const json modules = read_json_file(path, in_sentence_bert);
  require(modules.is_array() && !modules.empty(), in_sentence_bert, path, " must hold a list of modules.");
  config.files.push_back(path);
  const std::array<std::string_view, 3> known{"Transformer", "Pooling", "Normalize"};
  for (std::size_t i = 0; i < modules.size(); ++i) {
    std::string type, place;
    if (modules[i].is_object()) {
      const ConfigReader reader(modules[i], "modules.", path, in_sentence_bert);
      reader.read("type", type);
      reader.read("path", place);
    }
    const std::string_view name = std::string_view(type).substr(type.rfind('.') + 1);
    require(i < known.size() && name == known[i], in_sentence_bert, path,
            ": the modules must be Transformer, Pooling and perhaps Normalize, in this order, got '", type,
            "' in place ", i, ".");
    require(place == fs::path(place).filename() && place != "..", in_sentence_bert, path, ": the path of ",
            name, " must be the name of a folder beside it, got '", place, "'.");
    if (i == 0 && !place.empty()) config.directory = path.parent_path() / place;
    if (i == 1) read_pooling(path.parent_path() / place / "config.json", config);
  }
}

}  // namespace

SentenceConfig read_sentence_config(const fs::path& directory) {
  SentenceConfig config{.directory = directory};
  if (fs::exists(directory / "modules.json")) read_modules(directory / "modules.json", config);
  if (const fs::path path = directory / "config_sentence_transformers.json"; fs::exists(path)) {
    const json file = read_json_object(path, in_sentence_bert);
    ConfigReader(file, "", path, in_sentence_bert).require_value("default_prompt_name", nullptr);
  }
  if (const fs::path path = config.directory / "sentence_bert_config.json"; fs::exists(path)) {
    const json file = read_json_object(path, in_sentence_bert);
    const ConfigReader reader(file, "", path, in_sentence_bert);
    reader.read("max_seq_length", config.longest, 2);
    reader.read("do_lower_case", config.lower_case);
    config.files.push_back(path);
  }
  if (const fs::path path = config.directory / "tokenizer_config.json";
      config.longest == 0 && fs::exists(path)) {
    const json file = read_json_object(path, in_sentence_bert);
    // "No limit" is written as 10^30.
    const json* most = ConfigReader(file, "", path, in_sentence_bert).find("model_max_length");
    if (most && most->is_number() && *most >= 2 && *most < 1 << 24)
      config.longest = most->get<std::int64_t>();
  }
  return config;
}

}  // namespace ilk
