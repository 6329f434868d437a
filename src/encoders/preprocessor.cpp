#include <ilk/image.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "encoders/preprocessor_file.h"
#include "io/json_file.h"

namespace ilk {
namespace {

using Json = nlohmann::json;
constexpr std::string_view in_read_preprocessor = "read_preprocessor";
/// One of them at least is in each such file; an answer of a server that was saved in its place has none.
constexpr const char* said[] = {"size",       "crop_size",     "image_mean",     "image_std",
                                "resample",   "do_resize",     "do_center_crop", "do_normalize",
                                "do_rescale", "rescale_factor"};

/// The part of a processor_config.json that is of images; null where it says nothing of them.
const Json* of_images(const Json& file) {
  const auto found = file.is_object() ? file.find("image_processor") : file.end();
  return found != file.end() && found->is_object() && !found->empty() ? &*found : nullptr;
}

/// One preprocessor_config.json, or the part of a processor_config.json, with errors that name it and the
/// key.
class Config {
 public:
  Config(const std::string& path, Json json) : path_(path), json_(std::move(json)) {
    require(json_.is_object(), in_read_preprocessor, path_, " must hold a JSON object.");
  }

  [[noreturn]] void reject(std::string_view key, std::string_view rule) const {
    fail(in_read_preprocessor, path_, ": ", key, " ", rule, ", got ",
         json_.value(std::string(key), Json()).dump(), ".");
  }

  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }
  const Json& at(const char* key) const { return json_[key]; }

  bool flag(const char* key, bool otherwise) const {
    if (!has(key)) return otherwise;
    if (!json_[key].is_boolean()) reject(key, "must be true or false");
    return json_[key].get<bool>();
  }

  std::string text(const char* key) const {
    return has(key) && json_[key].is_string() ? json_[key].get<std::string>() : "";
  }

  /// `value` of `key` as a number of pixels.
  std::int64_t pixels(const Json& value, std::string_view key) const {
    if (!value.is_number_integer() || value < 1 || value > 16384)
      reject(key, "must be whole numbers from 1 to 16384");
    return value.get<std::int64_t>();
  }

  std::array<double, 3> channels(const char* key, std::array<double, 3> otherwise) const {
    if (!has(key)) return otherwise;
    const Json& value = json_[key];
    if (value.is_number()) return {value, value, value};
    if (!value.is_array() || value.size() != 3 || !value[0].is_number() || !value[1].is_number() ||
        !value[2].is_number())
      reject(key, "must be a number or three of them");
    return {value[0], value[1], value[2]};
  }

 private:
  std::string path_;
  Json json_;
};

ImagePreprocessor::Resample resample_of(const Config& config) {
  if (!config.has("resample")) return ImagePreprocessor::Resample::bicubic;
  const Json& value = config.at("resample");
  // Pillow's numbers.
  if (value == 0) return ImagePreprocessor::Resample::nearest;
  if (value == 1) return ImagePreprocessor::Resample::lanczos;
  if (value == 2) return ImagePreprocessor::Resample::bilinear;
  if (value == 3) return ImagePreprocessor::Resample::bicubic;
  config.reject("resample", "must be 0 (nearest), 1 (lanczos), 2 (bilinear) or 3 (bicubic)");
}

struct Shape {
  std::int64_t height = 0, width = 0;
};

Shape shape_of(const Config& config, const char* key) {
  const Json& value = config.at(key);
  if (value.is_object() && value.contains("height") && value.contains("width"))
    return {config.pixels(value["height"], key), config.pixels(value["width"], key)};
  if (value.is_number()) return {config.pixels(value, key), config.pixels(value, key)};
  config.reject(key, "must be a number or have height and width");
}

/// CLIP's own processors take a bare `size` for the shortest edge, most others for both.
bool bare_size_is_shortest_edge(const Config& config) {
  const std::string type = config.text("image_processor_type") + config.text("feature_extractor_type");
  return type.empty() || type.find("CLIP") != std::string::npos;
}

}  // namespace

std::filesystem::path preprocessor_file(const std::filesystem::path& directory) {
  std::error_code error;
  auto of_all = directory / "processor_config.json", own = directory / "preprocessor_config.json";
  if (std::filesystem::exists(of_all, error) && of_images(read_json_file(of_all, in_read_preprocessor)))
    return of_all;
  if (std::filesystem::exists(own, error)) return own;
  fail(in_read_preprocessor, directory,
       " must hold preprocessor_config.json, or processor_config.json with an image_processor.");
}

ImagePreprocessor read_preprocessor(const std::string& path) {
  Json json = read_json_file(path, in_read_preprocessor);
  // Since version 5 transformers writes the processors of a model into one file, processor_config.json.
  if (const Json* found = of_images(json)) json = Json(*found);
  const Config config(path, std::move(json));
  require(std::any_of(std::begin(said), std::end(said), [&](const char* key) { return config.has(key); }),
          in_read_preprocessor, path,
          " must say how images are prepared (size, crop_size, image_mean, …), but says nothing of it.");
  ImagePreprocessor result;
  result.resample = resample_of(config);
  if (!config.flag("do_resize", true))
    config.reject("do_resize", "must be true (a model wants images of one size)");

  const bool crops = config.flag("do_center_crop", config.has("crop_size"));
  if (crops && config.has("crop_size")) {
    const Shape crop = shape_of(config, "crop_size");
    result.crop_height = crop.height;
    result.crop_width = crop.width;
  }
  if (config.has("size")) {
    const Json& size = config.at("size");
    const bool by_shortest_edge =
        size.is_object() ? size.contains("shortest_edge") : bare_size_is_shortest_edge(config);
    if (by_shortest_edge) {
      if (!crops) config.reject("do_center_crop", "must be true where size gives the shortest edge");
      if (size.is_object() && size.contains("longest_edge"))
        config.reject("size", "must not have a longest_edge");
      result.shortest_edge = config.pixels(size.is_object() ? size["shortest_edge"] : size, "size");
    } else {
      const Shape whole = shape_of(config, "size");
      if (crops && (whole.height != result.crop_height || whole.width != result.crop_width))
        config.reject("size", "must be equal to crop_size where it has height and width");
      result.shortest_edge = 0;
      result.crop_height = whole.height;
      result.crop_width = whole.width;
    }
  }

  result.rescale_factor = config.flag("do_rescale", true) ? 1.0 / 255 : 1.0;
  if (config.flag("do_rescale", true) && config.has("rescale_factor")) {
    const Json& factor = config.at("rescale_factor");
    if (!factor.is_number() || factor <= 0) config.reject("rescale_factor", "must be a number above 0");
    result.rescale_factor = factor.get<double>();
  }
  if (config.flag("do_normalize", true)) {
    result.mean = config.channels("image_mean", result.mean);
    result.standard_deviation = config.channels("image_std", result.standard_deviation);
    for (const double deviation : result.standard_deviation)
      if (!(deviation > 0)) config.reject("image_std", "must be above 0");
  } else {
    result.mean = {0, 0, 0};
    result.standard_deviation = {1, 1, 1};
  }
  return result;
}

}  // namespace ilk
