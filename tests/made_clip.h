#pragma once
// What is expected was made by tests/data/clip/make.py with transformers' CLIPModel; it also says how the
// models' numbers are made.
#include <ilk/error.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "encoders/clip.h"
#include "error_of.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "made_models.h"
#include "temporary_directory.h"

inline const std::filesystem::path& tiny_directory() {
  static const std::filesystem::path path = std::filesystem::path(ILK_TEST_DATA) / "tiny_clip";
  return path;
}

inline const nlohmann::json& reference() {
  static const nlohmann::json value =
      nlohmann::json::parse(ilk::read_file(std::filesystem::path(ILK_TEST_DATA) / "clip/reference.json"));
  return value;
}

inline ilk::Array made_weight(const std::string& name, const std::vector<std::int64_t>& shape,
                              const std::string& type) {
  std::int64_t count = 1;
  for (const std::int64_t length : shape) count *= length;
  const bool of_norm = name.find("norm") != std::string::npos && name.ends_with(".weight");
  const bool embedding =
      name.find("_embedding.") != std::string::npos && name.find("patch_") == std::string::npos;
  const double scale = of_norm             ? 0.2
                       : shape.size() <= 1 ? 0.1
                       : embedding         ? 0.5
                                           : std::sqrt(3.0 / static_cast<double>(count / shape[0]));
  const Numbers numbers(name);
  return made_array(type, shape, [&](std::uint64_t i) { return (of_norm ? 1 : 0) + scale * numbers(i); });
}

/// `count` images beginning with number `first`, (count, 3 · size · size).
inline ilk::Matrix<float> made_images(std::int64_t first, std::int64_t count, std::int64_t size) {
  auto images = ilk::Matrix<float>::uninitialised(count, 3 * size * size);
  for (std::int64_t n = 0; n < count; ++n) {
    const Numbers numbers("image " + std::to_string(first + n));
    for (std::int64_t i = 0; i < images.columns(); ++i)
      images[n][i] = static_cast<float>(2 * numbers(static_cast<std::uint64_t>(i)));
  }
  return images;
}

/// A model directory made of numbers, to be damaged before it is loaded.
class MadeModel {
 public:
  explicit MadeModel(const nlohmann::json& model) : config(model["config"]) {
    for (const auto& [name, shape] : model["shapes"].items())
      weights.emplace_back(name, made_weight(name, shape, model["type"]));
    // Files hold more than the towers need.
    weights.emplace_back("text_model.embeddings.position_ids", ilk::Array(ilk::ElementType::i64, {1, 16}));
    std::ranges::fill(weights.back().second.values<std::int64_t>(), 0);
    const std::int64_t size = config["vision_config"].value("image_size", 224);
    preprocessor = {{"size", size}, {"crop_size", size}, {"resample", 3}};
    for (const char* name : {"vocab.json", "merges.txt"})
      std::filesystem::copy_file(tiny_directory() / name, path() / name);
    write_configuration();
  }

  const std::filesystem::path& path() const { return directory_.path(); }
  void write_configuration() const {
    ilk::write_file_atomically(path() / "config.json", config.dump());
    ilk::write_file_atomically(path() / "preprocessor_config.json", preprocessor.dump());
  }
  void write_weights() const { ilk::write_safetensors(path() / "model.safetensors", views_of(weights)); }
  std::int64_t image_size() const { return preprocessor["size"]; }

  nlohmann::json config, preprocessor;
  ilk::NamedArrays weights;

 private:
  TemporaryDirectory directory_;
};

inline const nlohmann::json& small_model() {
  return reference()["models"][0];
}

inline std::string load_error(const std::filesystem::path& directory) {
  return ::error_of([&] { const ilk::Clip clip(directory); });
}

/// Whether the rows are the same to the bit.
inline bool equal_rows(std::span<const float> a, std::span<const float> b) {
  return std::ranges::equal(a, b);
}
