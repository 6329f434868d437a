#include "encoders/model_weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/fail.h"
#include "core/text.h"
#include "io/byte_planes.h"
#include "io/json_file.h"
#include "io/sha256.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The names of the shards, each once, in order.
std::set<std::string> read_index(const fs::path& path, std::string_view function) {
  const json index = read_json_file(path, function);
  const bool has_map = index.is_object() && index.contains("weight_map") && index["weight_map"].is_object();
  require(has_map && !index["weight_map"].empty(), function, path, " must hold a weight_map.");
  std::set<std::string> shards;
  for (const auto& [name, shard] : index["weight_map"].items()) {
    // A file beside the index and nothing else.
    const bool is_name = shard.is_string() &&
                         fs::path(shard.get<std::string>()).filename() == shard.get<std::string>() &&
                         shard.get<std::string>().ends_with(".safetensors");
    require(is_name, function, path, ": the shard of ", name, " must be the name of a safetensors file, got ",
            shard.dump(), ".");
    shards.insert(shard.get<std::string>());
  }
  return shards;
}

/// "[48, 3]"
std::string text_of(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

}  // namespace

ModelWeights::ModelWeights(const fs::path& directory, std::string_view function)
    : directory_(directory), function_(function) {
  const fs::path whole = directory / "model.safetensors", index = directory / "model.safetensors.index.json";
  if (fs::exists(whole) || fs::exists(packed_name(whole))) {
    paths_.push_back(whole);
  } else if (fs::exists(index)) {
    for (const std::string& shard : read_index(index, function)) paths_.push_back(directory / shard);
  } else {
    const bool pickled = fs::exists(directory / "pytorch_model.bin");
    fail(function_, directory,
         " must hold model.safetensors, or its shards with model.safetensors.index.json",
         pickled ? "; pytorch_model.bin is not read, as loading it can run code." : ".");
  }
  for (const fs::path& path : paths_) {
    inputs_.push_back(open_or_unpack(path));
    files_.emplace_back(inputs_.back());
    for (const std::string& name : files_.back().names()) {
      const bool is_new = file_of_.emplace(name, files_.size() - 1).second;
      require(is_new, function_, path, ": the weight ", name, " is in another shard as well.");
    }
  }
}

std::string ModelWeights::digests() const {
  std::string lines;
  for (std::size_t i = 0; i < paths_.size(); ++i)
    lines += paths_[i].filename().string() + " " + sha256_of(*inputs_[i]) + "\n";
  return lines;
}

const SafetensorsFile* ModelWeights::find(const std::string& name, const std::vector<std::int64_t>& shape) {
  const auto found = file_of_.find(name);
  if (found == file_of_.end()) {
    problems_.push_back(name + " is missing");
    return nullptr;
  }
  const SafetensorsFile& file = files_[found->second];
  const SafetensorsFile::Entry& entry = file.entry(name);
  if (entry.shape != shape)
    problems_.push_back(name + " must be of shape " + text_of(shape) + ", got " + text_of(entry.shape));
  else if (!entry.type || !is_floating(*entry.type))
    problems_.push_back(name + " must hold floating-point numbers, got " + entry.dtype);
  else
    return &file;
  return nullptr;
}

Matrix<float> ModelWeights::take(const std::string& name, const std::vector<std::int64_t>& shape) {
  const SafetensorsFile* file = find(name, shape);
  if (!file) return {};
  Matrix<float> weight = file->get(name).to_matrix();
  return is_finite(name, weight.flat()) ? std::move(weight) : Matrix<float>();
}

std::vector<float> ModelWeights::take_vector(const std::string& name, std::int64_t length) {
  const SafetensorsFile* file = find(name, {length});
  if (!file) return {};
  std::vector<float> weight = file->get(name).to_floats();
  return is_finite(name, weight) ? weight : std::vector<float>();
}

bool ModelWeights::is_finite(const std::string& name, std::span<const float> values) {
  // 0 · x is NaN for NaN and infinity alone, and stays so in a sum.
  constexpr std::size_t lanes = 16;
  std::array<float, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= values.size(); i += lanes)
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += 0 * values[i + lane];
  for (; i < values.size(); ++i) sums[0] += 0 * values[i];
  if (std::all_of(sums.begin(), sums.end(), [](float sum) { return sum == 0; })) return true;
  const auto place =
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  problems_.push_back(name + " holds " + (std::isnan(*place) ? "NaN" : "infinity") + " (number " +
                      std::to_string(place - values.begin()) + " of its " + std::to_string(values.size()) +
                      ", from 0)");
  return false;
}

void ModelWeights::check() const {
  if (problems_.empty()) return;
  constexpr std::size_t most = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, problems_.size()); ++i) text += (i ? "; " : "") + problems_[i];
  if (problems_.size() > most) text += concatenate("; and ", problems_.size() - most, " more");
  fail(function_, directory_, ": the model's weights cannot be used: ", text, ".");
}

}  // namespace ilk
