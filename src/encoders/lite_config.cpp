#include "encoders/lite_config.h"

#include <ilk/error.h>

#include "encoders/config_reader.h"

namespace ilk {
namespace {

using nlohmann::json;

std::vector<ConvolutionStage> read_stages(const ConfigReader& reader) {
  const json* stages = reader.find("stages");
  const auto rule = "must be a list of stages, each kernel, stride, expansion, repeats and width";
  reader.check(stages && stages->is_array(), "stages", stages ? *stages : json(), rule);
  std::vector<ConvolutionStage> read;
  for (const json& stage : *stages) {
    bool fits = stage.is_array() && stage.size() == 5;
    for (const json& number : stage)
      fits = fits && number.is_number_integer() && number >= 1 && number <= 65536;
    reader.check(fits, "stages", stage, rule);
    read.push_back({stage[0], stage[1], stage[2], stage[3], stage[4]});
  }
  return read;
}

/// (x − mean) · scale of 8-bit values, the whole picture on a white square.
ImagePreprocessor read_pixels(const ConfigReader& reader, std::int64_t size) {
  reader.require_value("pad", "white square");
  reader.require_value("resample", "bicubic");
  // The tower's whole numbers are made for these.
  reader.require_value("image_mean", 127);
  reader.require_value("image_scale", 1.0 / 128);
  ImagePreprocessor preprocessor;
  preprocessor.fit = ImagePreprocessor::Fit::padded;
  preprocessor.crop_height = preprocessor.crop_width = size;
  preprocessor.rescale_factor = 1;
  preprocessor.mean = {127, 127, 127};
  preprocessor.standard_deviation = {128, 128, 128};
  return preprocessor;
}

}  // namespace

LiteConfig read_lite_config(const std::filesystem::path& path) {
  const json file = read_json_object(path, "LiteModel");
  const ConfigReader reader(file, "", path, "LiteModel");
  reader.require_value("model_type", "ilk-lite");
  reader.require_value("version", 1);
  LiteConfig config;
  reader.read("image_size", config.image.image_size);
  reader.read("stem", config.image.stem);
  reader.read("pooled", config.image.pooled);
  config.image.stages = read_stages(reader);
  reader.read("classes", config.classes);
  reader.read("top_classes", config.top_classes);
  reader.check(config.top_classes <= config.classes, "top_classes", config.top_classes,
               "must be at most classes");
  if (const json* weight = reader.find("visual_weight")) {
    reader.check(weight->is_number() && *weight >= 0 && *weight <= 100, "visual_weight", *weight,
                 "must be a number from 0 to 100");
    config.visual_weight = weight->get<double>();
  }
  reader.read("visual_width", config.visual_width);
  reader.read("head_hidden", config.head_hidden);
  config.preprocessor = read_pixels(reader, config.image.image_size);

  const json* text = reader.find("text");
  reader.check(text && text->is_object(), "text", text ? *text : json(), "must be an object");
  const ConfigReader texts(*text, "text.", path, "LiteModel");
  TransformerConfig& transformer = config.text.transformer;
  texts.read("layers", transformer.layers);
  texts.read("heads", transformer.heads);
  texts.read("width", transformer.width);
  texts.read("intermediate", transformer.mlp_width);
  texts.read("layer_norm_eps", transformer.layer_norm_epsilon);
  texts.read("vocabulary", config.text.vocabulary_size);
  texts.read("positions", config.text.positions);
  texts.read("max_tokens", config.longest_text, 2);
  texts.require_value("pooling", "mean");
  texts.check(transformer.width % transformer.heads == 0, "heads", transformer.heads, "must divide width");
  texts.check(config.longest_text <= config.text.positions, "max_tokens", config.longest_text,
              "must be at most positions");
  reader.require_value("text_width", transformer.width);
  reader.require_value("joint_width", config.joint_width());
  return config;
}

}  // namespace ilk
