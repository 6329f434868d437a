#include "encoders/text_features_cache.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "core/fail.h"
#include "io/safetensors.h"
#include "io/sha256.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;

constexpr const char* array_name = "features";
constexpr const char* digest_key = "sha256";

/// Of a dense matrix.
std::string digest_of(MatrixView<const float> features) {
  const auto bytes = std::as_bytes(features.flat());
  return sha256_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// A name for the file: the same for the same identity only.
std::string name_of(const std::map<std::string, std::string>& identity) {
  Sha256 hash;
  for (const auto& [key, value] : identity)
    hash.update(key + " " + std::to_string(value.size()) + " ").update(value).update("\n");
  return hash.hex();
}

}  // namespace

TextFeaturesCache::TextFeaturesCache(const fs::path& folder, std::map<std::string, std::string> identity)
    : identity_(std::move(identity)) {
  if (folder.empty()) return;
  const std::string name = name_of(identity_);
  whole_ = folder / (name + ".safetensors");
  spans_ = folder / (name + ".spans");
}

std::optional<Matrix<float>> TextFeaturesCache::load_whole(std::int64_t rows, std::int64_t width) {
  return load(whole_, rows, width);
}

std::optional<Matrix<float>> TextFeaturesCache::load_span(std::int64_t begin, std::int64_t rows,
                                                          std::int64_t width) {
  return load(span_path(begin), rows, width);
}

void TextFeaturesCache::save_span(std::int64_t begin, MatrixView<const float> features) {
  save(span_path(begin), features);
}

void TextFeaturesCache::save_whole(MatrixView<const float> features) {
  if (!save(whole_, features)) return;
  std::error_code ignored;
  fs::remove_all(spans_, ignored);
}

fs::path TextFeaturesCache::span_path(std::int64_t begin) const {
  return spans_.empty() ? spans_ : spans_ / (std::to_string(begin) + ".safetensors");
}

std::optional<Matrix<float>> TextFeaturesCache::load(const fs::path& path, std::int64_t rows,
                                                     std::int64_t width) {
  std::error_code error;
  if (path.empty() || !fs::exists(path, error)) return std::nullopt;
  const auto believe = [&](bool rule_holds, std::string_view rule) {
    require(rule_holds, "embed_corpus", path, ": ", rule, ".");
  };
  try {
    const SafetensorsFile file(path);
    std::map<std::string, std::string> metadata = file.metadata();
    const std::string digest = metadata[digest_key];
    metadata.erase(digest_key);
    believe(metadata == identity_, "it is of another model, corpus or templates than its name says");
    const SafetensorsFile::Entry& entry = file.entry(array_name);
    believe(entry.type == ElementType::f32 && entry.shape == std::vector{rows, width},
            "it is not of the expected shape");
    Matrix<float> features = file.get(array_name).to_matrix();
    believe(digest == digest_of(features), "its numbers are not those that were written");
    const auto finite = [](float value) { return std::isfinite(value); };
    believe(std::all_of(features.flat().begin(), features.flat().end(), finite),
            "not all of its numbers are finite");
    return features;
  } catch (const Error& damage) {
    note("Kept text features were damaged and are computed again: " + damage.text());
    return std::nullopt;
  }
}

bool TextFeaturesCache::save(const fs::path& path, MatrixView<const float> features) {
  if (path.empty()) return false;
  std::map<std::string, std::string> metadata = identity_;
  metadata[digest_key] = digest_of(features);
  try {
    write_safetensors(path, {{array_name, features}}, metadata);
    return true;
  } catch (const Error& error) {
    note("Text features could not be kept: " + error.text());
    return false;
  }
}

void TextFeaturesCache::note(const std::string& sentence) {
  if (problem_.empty()) problem_ = sentence;
}

}  // namespace ilk
