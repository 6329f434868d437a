#include <ilk/clip.h>
#include <ilk/options.h>
#include <ilk/sentence_bert.h>
#include <ilk/text_encoder.h>

#include <algorithm>
#include <initializer_list>

#include "config_reader.h"
#include "lite_model.h"

namespace ilk {
namespace {

constexpr std::string_view embedded_type = "ilk-lite";

/// config.json's model_type, which must be one of `known`.
std::string model_type(const std::filesystem::path& directory, std::string_view function,
                       std::initializer_list<std::string_view> known, const char* rule) {
  const std::filesystem::path path = directory / "config.json";
  const nlohmann::json file = read_json_object(path, function);
  const ConfigReader reader(file, "", path, function);
  std::string type = "none";
  reader.read("model_type", type);
  reader.check(std::find(known.begin(), known.end(), type) != known.end(), "model_type", type, rule);
  return type;
}

}  // namespace

std::string arithmetic_of(const TextEncoder& encoder) {
  return std::string(enum_name(encoder.precision())) + (encoder.device() == Device::cuda ? " cuda" : "");
}

std::unique_ptr<TextEncoder> load_text_encoder(const std::filesystem::path& directory, Precision precision,
                                               Device device) {
  // Old sentence encoders have their transformer in a folder of its own.
  if (std::filesystem::exists(directory / "modules.json"))
    return std::make_unique<SentenceBert>(directory, precision);
  const std::string type =
      model_type(directory, "load_text_encoder", {"clip", "bert", "mpnet", embedded_type},
                 "must be clip, bert, mpnet or ilk-lite");
  if (type == "clip" || type == embedded_type) return load_image_text_encoder(directory, precision, device);
  return std::make_unique<SentenceBert>(directory, precision);
}

std::unique_ptr<ImageTextEncoder> load_image_text_encoder(const std::filesystem::path& directory,
                                                          Precision precision, Device device) {
  const std::string type = model_type(directory, "load_image_text_encoder", {"clip", embedded_type},
                                      "must be clip or ilk-lite, which see images too");
  if (type == "clip") return std::make_unique<Clip>(directory, precision, device);
  return std::make_unique<LiteModel>(directory, precision, device);
}

}  // namespace ilk
