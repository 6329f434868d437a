#include "clip_config.h"

#include <ilk/error.h>
#include <ilk/files.h>

#include <nlohmann/json.hpp>
#include <string>

namespace ilk {
namespace {

using nlohmann::json;

/// Reads one object of the file, key by key; null counts as absent.
class Reader {
 public:
  Reader(const json& object, std::string place, const std::filesystem::path& path)
      : object_(object), place_(std::move(place)), path_(path) {}

  void read(const char* key, std::int64_t& value, std::int64_t least = 1) const {
    // Beyond this a width is a mistake, and products of two of them still fit.
    constexpr std::int64_t most = 1 << 24;
    if (const json* found = find(key)) {
      check(found->is_number_integer() && *found >= least && *found <= most, key, *found,
            "must be a whole number between " + std::to_string(least) + " and " + std::to_string(most));
      value = found->get<std::int64_t>();
    }
  }

  void read(const char* key, double& value) const {
    if (const json* found = find(key)) {
      check(found->is_number() && *found > 0 && *found < 1, key, *found, "must be between 0 and 1");
      value = found->get<double>();
    }
  }

  void read(const char* key, Activation& value) const {
    if (const json* found = find(key)) {
      check(*found == "quick_gelu" || *found == "gelu", key, *found, "must be quick_gelu or gelu");
      value = *found == "gelu" ? Activation::gelu : Activation::quick_gelu;
    }
  }

  void require_value(const char* key, const json& wanted) const {
    if (const json* found = find(key)) check(*found == wanted, key, *found, "must be " + wanted.dump());
  }

  void check(bool rule_holds, const char* key, const json& value, const std::string& rule) const {
    require(rule_holds, "Clip", path_, ": ", place_, key, " ", rule, ", got ", value.dump(), ".");
  }

 private:
  const json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  const json& object_;
  std::string place_;
  const std::filesystem::path& path_;
};

void read_transformer(const Reader& reader, TransformerConfig& transformer) {
  reader.read("hidden_size", transformer.width);
  reader.read("intermediate_size", transformer.mlp_width);
  reader.read("num_hidden_layers", transformer.layers);
  reader.read("num_attention_heads", transformer.heads);
  reader.read("hidden_act", transformer.activation);
  reader.read("layer_norm_eps", transformer.layer_norm_epsilon);
  reader.check(transformer.width % transformer.heads == 0, "num_attention_heads", transformer.heads,
               "must divide hidden_size (" + std::to_string(transformer.width) + ")");
}

/// The tower's object; early files repeat it, with precedence, as <name>_dict.
json tower(const json& file, const std::string& name, const std::filesystem::path& path) {
  json merged = json::object();
  for (const std::string& key : {name, name + "_dict"}) {
    const auto found = file.find(key);
    if (found == file.end() || found->is_null()) continue;
    require(found->is_object(), "Clip", path, ": ", key, " must be an object.");
    merged.update(*found);
  }
  return merged;
}

}  // namespace

ClipConfig read_clip_config(const std::filesystem::path& path) {
  json file;
  try {
    file = json::parse(read_file(path));
  } catch (const json::exception& error) {
    fail("Clip", path, " is not JSON: ", error.what(), ".");
  }
  require(file.is_object(), "Clip", path, " must hold an object.");
  const json vision_object = tower(file, "vision_config", path),
             text_object = tower(file, "text_config", path);
  const Reader top(file, "", path), vision(vision_object, "vision_config.", path),
      text(text_object, "text_config.", path);
  top.require_value("model_type", "clip");

  ClipConfig config;
  read_transformer(vision, config.vision.transformer);
  vision.read("image_size", config.vision.image_size);
  vision.read("patch_size", config.vision.patch_size);
  vision.require_value("num_channels", 3);
  vision.check(config.vision.patch_size <= config.vision.image_size, "patch_size", config.vision.patch_size,
               "must be at most image_size (" + std::to_string(config.vision.image_size) + ")");
  read_transformer(text, config.text.transformer);
  text.read("vocab_size", config.text.vocabulary_size);
  text.read("max_position_embeddings", config.text.context_length, 2);
  text.read("eos_token_id", config.text.end_token, 0);
  if (config.text.end_token == 2) config.text.end_token = -1;
  // The top level counts; a tower on its own has the key as well.
  vision.read("projection_dim", config.joint_width);
  text.read("projection_dim", config.joint_width);
  top.read("projection_dim", config.joint_width);
  return config;
}

}  // namespace ilk
