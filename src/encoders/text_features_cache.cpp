#include "text_features_cache.h"

#include <ilk/error.h>
#include <ilk/safetensors.h>
#include <ilk/sha256.h>

#include <string_view>

namespace ilk {
namespace {

namespace fs = std::filesystem;

constexpr const char* tensor_name = "features";
constexpr const char* digest_key = "sha256";

std::string digest_of(const torch::Tensor& features) {
  return sha256_hex({static_cast<const char*>(features.data_ptr()), features.nbytes()});
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

std::optional<torch::Tensor> TextFeaturesCache::load_whole(std::int64_t rows, std::int64_t width) {
  return load(whole_, rows, width);
}

std::optional<torch::Tensor> TextFeaturesCache::load_span(std::int64_t begin, std::int64_t rows,
                                                          std::int64_t width) {
  return load(span_path(begin), rows, width);
}

void TextFeaturesCache::save_span(std::int64_t begin, const torch::Tensor& features) {
  save(span_path(begin), features);
}

void TextFeaturesCache::save_whole(const torch::Tensor& features) {
  if (!save(whole_, features)) return;
  std::error_code ignored;
  fs::remove_all(spans_, ignored);
}

fs::path TextFeaturesCache::span_path(std::int64_t begin) const {
  return spans_.empty() ? spans_ : spans_ / (std::to_string(begin) + ".safetensors");
}

std::optional<torch::Tensor> TextFeaturesCache::load(const fs::path& path, std::int64_t rows,
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
    const torch::Tensor features = file.get(tensor_name);
    believe(features.scalar_type() == torch::kFloat32 && features.sizes() == at::IntArrayRef({rows, width}),
            "it is not of the expected shape");
    believe(digest == digest_of(features), "its numbers are not those that were written");
    believe(at::isfinite(features).all().item<bool>(), "not all of its numbers are finite");
    return features;
  } catch (const Error& damage) {
    note(std::string("Kept text features were damaged and are computed again: ") + damage.what());
    return std::nullopt;
  }
}

bool TextFeaturesCache::save(const fs::path& path, const torch::Tensor& features) {
  if (path.empty()) return false;
  std::map<std::string, std::string> metadata = identity_;
  const torch::Tensor dense = features.contiguous();
  metadata[digest_key] = digest_of(dense);
  try {
    write_safetensors(path, {{tensor_name, dense}}, metadata);
    return true;
  } catch (const Error& error) {
    note(std::string("Text features could not be kept: ") + error.what());
    return false;
  }
}

void TextFeaturesCache::note(const std::string& sentence) {
  if (problem_.empty()) problem_ = sentence;
}

}  // namespace ilk
