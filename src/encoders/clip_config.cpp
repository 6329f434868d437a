#include "encoders/clip_config.h"

#include <string>

#include "core/fail.h"
#include "encoders/config_reader.h"

namespace ilk {
namespace {

using nlohmann::json;

constexpr std::string_view in_clip = "Clip";

/// The tower's object; early files repeat it, with precedence, as <name>_dict.
json tower(const json& file, const std::string& name, const std::filesystem::path& path) {
  json merged = json::object();
  for (const std::string& key : {name, name + "_dict"}) {
    const auto found = file.find(key);
    if (found == file.end() || found->is_null()) continue;
    require(found->is_object(), in_clip, path, ": ", key, " must be an object.");
    merged.update(*found);
  }
  return merged;
}

}  // namespace

ClipConfig read_clip_config(const std::filesystem::path& path) {
  const json file = read_json_object(path, in_clip);
  const json vision_object = tower(file, "vision_config", path),
             text_object = tower(file, "text_config", path);
  const ConfigReader top(file, "", path, in_clip), vision(vision_object, "vision_config.", path, in_clip),
      text(text_object, "text_config.", path, in_clip);
  top.require_value("model_type", "clip");

  ClipConfig config;
  read_transformer_config(vision, config.vision.transformer);
  vision.read("image_size", config.vision.image_size);
  vision.read("patch_size", config.vision.patch_size);
  vision.require_value("num_channels", 3);
  vision.check(config.vision.patch_size <= config.vision.image_size, "patch_size", config.vision.patch_size,
               "must be at most image_size (" + std::to_string(config.vision.image_size) + ")");
  read_transformer_config(text, config.text.transformer);
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
