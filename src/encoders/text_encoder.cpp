#include <ilk/encoder.h>
#include <ilk/options.h>

#include <algorithm>

#include "encoders/config_reader.h"
#include "encoders/encoder_list.h"
#include "encoders/sentence_bert.h"

namespace ilk {
namespace {

/// "clip, bert, mpnet or ilk-lite", of those that see images alone or of all.
std::string listed(bool images_only) {
  std::vector<std::string> names;
  for (const auto* kind : encoder_kinds())
    if (kind->load || !images_only) names.emplace_back(kind->model_type);
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  return text;
}

/// The kind that config.json's model_type names.
const EncoderKind& kind_of(const std::filesystem::path& directory, std::string_view function,
                           bool images_only) {
  const std::filesystem::path path = directory / "config.json";
  const nlohmann::json file = read_json_object(path, function);
  const ConfigReader reader(file, "", path, function);
  std::string type = "none";
  reader.read("model_type", type);
  const auto& kinds = encoder_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const EncoderKind* kind) {
    return kind->model_type == type && (kind->load || !images_only);
  });
  reader.check(found != kinds.end(), "model_type", type,
               "must be " + listed(images_only) + (images_only ? ", which see images too" : ""));
  return **found;
}

}  // namespace

std::string arithmetic_of(const TextEncoder& encoder) {
  return std::string(enum_name(encoder.precision())) + (encoder.device() == Device::cuda ? " cuda" : "");
}

const std::vector<const EncoderKind*>& encoder_kinds() {
#define ILK_ADDRESS_OF_ENCODER(name) &name##_encoder,
  static const std::vector<const EncoderKind*> all{ILK_ENCODERS(ILK_ADDRESS_OF_ENCODER)};
#undef ILK_ADDRESS_OF_ENCODER
  return all;
}

std::unique_ptr<TextEncoder> load_text_encoder(const std::filesystem::path& directory, Precision precision,
                                               Device device) {
  // Old sentence encoders have their transformer in a folder of its own.
  if (std::filesystem::exists(directory / "modules.json"))
    return std::make_unique<SentenceBert>(directory, precision);
  const EncoderKind& kind = kind_of(directory, "load_text_encoder", false);
  if (kind.load) return kind.load(directory, precision, device);
  return kind.load_text(directory, precision);
}

std::unique_ptr<ImageTextEncoder> load_image_text_encoder(const std::filesystem::path& directory,
                                                          Precision precision, Device device) {
  return kind_of(directory, "load_image_text_encoder", true).load(directory, precision, device);
}

}  // namespace ilk
