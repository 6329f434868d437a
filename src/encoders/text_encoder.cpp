#include <ilk/clip.h>
#include <ilk/sentence_bert.h>
#include <ilk/text_encoder.h>

#include "config_reader.h"

namespace ilk {

std::unique_ptr<TextEncoder> load_text_encoder(const std::filesystem::path& directory, torch::Device device,
                                               Precision precision) {
  constexpr std::string_view function = "load_text_encoder";
  const std::filesystem::path path = directory / "config.json";
  // Old sentence encoders have their transformer in a folder of its own.
  if (std::filesystem::exists(directory / "modules.json"))
    return std::make_unique<SentenceBert>(directory, device, precision);
  const nlohmann::json file = read_json_object(path, function);
  const ConfigReader reader(file, "", path, function);
  std::string type = "none";
  reader.read("model_type", type);
  reader.check(type == "clip" || type == "bert" || type == "mpnet", "model_type", type,
               "must be clip, bert or mpnet");
  if (type == "clip") return std::make_unique<Clip>(directory, device, precision);
  return std::make_unique<SentenceBert>(directory, device, precision);
}

}  // namespace ilk
