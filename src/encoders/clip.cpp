// B images or texts at a time, D joint width, T tokens of a text.
#include <ilk/clip.h>
#include <ilk/error.h>
#include <ilk/parallel.h>
#include <ilk/sha256.h>

#include <algorithm>

#include "clip_config.h"
#include "clip_towers.h"
#include "model_weights.h"
#include "text_groups.h"
#include "token_tree.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;

// Tokens that go through a tower together, of whole images or of texts: enough to read the weights seldom,
// few enough for a processor's caches. What comes out does not depend on it. A GPU wants more at a time.
constexpr std::int64_t tokens_at_a_time = 512, images_per_launch = 256, tokens_per_launch = 4096;

/// Part of the fingerprint; to be raised whenever the same files begin to give other embeddings.
constexpr std::string_view fingerprint_version = "ilk clip 2\n";

std::string fingerprint_of(const fs::path& directory, const std::vector<fs::path>& weights) {
  Sha256 hash;
  hash.update(fingerprint_version);
  std::vector<fs::path> files = weights;
  for (const char* name : {"config.json", "preprocessor_config.json"}) files.push_back(directory / name);
  const bool one_file = fs::exists(directory / "tokenizer.json");
  for (const char* name : {"tokenizer.json", "vocab.json", "merges.txt"})
    if (one_file == (std::string_view(name) == "tokenizer.json")) files.push_back(directory / name);
  for (const fs::path& path : files) hash.update(path.filename().string() + " " + sha256_file(path) + "\n");
  return hash.hex();
}

}  // namespace

struct Clip::State {
  State(const fs::path& directory, const Computation& computation)
      : State(directory, computation, ModelWeights(directory, "Clip")) {}

  /// The weights' files are let go once the towers have copied them.
  State(const fs::path& directory, const Computation& computation, ModelWeights weights)
      : directory(directory),
        computation(computation),
        config(read_clip_config(directory / "config.json")),
        preprocessor(read_preprocessor((directory / "preprocessor_config.json").string())),
        tokenizer(directory),
        vision(config, weights),
        text(config, weights) {
    weights.check();
    const std::int64_t size = config.vision.image_size;
    require(preprocessor.crop_height == size && preprocessor.crop_width == size, "Clip", directory,
            ": the preprocessor makes images of ", preprocessor.crop_height, " × ", preprocessor.crop_width,
            " pixels, but the model takes ", size, " × ", size, ".");
    require(tokenizer.vocabulary_size() <= config.text.vocabulary_size, "Clip", directory,
            ": the tokenizer has ids up to ", tokenizer.vocabulary_size() - 1, ", but the model knows ",
            config.text.vocabulary_size, " tokens.");
    require(config.text.end_token == -1 || config.text.end_token == tokenizer.end_token(), "Clip", directory,
            ": text_config.eos_token_id is ", config.text.end_token, ", but the tokenizer ends texts with ",
            tokenizer.end_token(), ".");
    vision.to(computation);
    text.to(computation);
    fingerprint = fingerprint_of(directory, weights.files());
  }

  /// The ids up to the token that stands for the text: nothing after it can change it.
  std::vector<std::int32_t> tokens_of(const std::string& text) const {
    std::vector<std::int32_t> ids = tokenizer.encode(text, config.text.context_length);
    const auto pooled = config.text.end_token >= 0 ? std::find(ids.begin(), ids.end(), config.text.end_token)
                                                   : std::max_element(ids.begin(), ids.end());
    ids.resize(static_cast<std::size_t>(pooled - ids.begin()) + 1);
    return ids;
  }

  fs::path directory;
  Computation computation;
  ClipConfig config;
  ImagePreprocessor preprocessor;
  ClipTokenizer tokenizer;
  VisionTower vision;
  TextTower text;
  std::string fingerprint;
};

Clip::Clip(const fs::path& directory, torch::Device device, Precision precision)
    : state_(std::make_unique<State>(directory, settle(device, precision, "Clip"))) {}
Clip::~Clip() = default;
Clip::Clip(Clip&&) noexcept = default;

std::int64_t Clip::width() const {
  return state_->config.joint_width;
}
const ImagePreprocessor& Clip::preprocessor() const {
  return state_->preprocessor;
}
const ClipTokenizer& Clip::tokenizer() const {
  return state_->tokenizer;
}
torch::Device Clip::device() const {
  return state_->computation.device;
}
Precision Clip::precision() const {
  return state_->computation.precision;
}
const fs::path& Clip::directory() const {
  return state_->directory;
}
const std::string& Clip::fingerprint() const {
  return state_->fingerprint;
}

torch::Tensor Clip::encode_images(const torch::Tensor& pixels) const {
  const std::int64_t size = state_->config.vision.image_size;
  require(pixels.dim() == 4 && pixels.size(0) >= 1 && pixels.size(1) == 3 && pixels.size(2) == size &&
              pixels.size(3) == size && pixels.scalar_type() == torch::kFloat32,
          "Clip::encode_images", "pixels must be (B, 3, ", size, ", ", size,
          ") float32 with B at least 1, got ", pixels.sizes(), " ", pixels.scalar_type(), ".");
  const torch::NoGradGuard no_grad;
  const std::int64_t count = pixels.size(0);
  const torch::Tensor embeddings = torch::empty({count, width()});
  const auto encode = [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    const torch::Tensor group = pixels.narrow(0, begin, end - begin).to(device());
    embeddings.narrow(0, begin, end - begin).copy_(unit_rows(state_->vision(group).cpu()));
  };
  if (device().is_cpu()) {
    const std::int64_t side = state_->config.vision.patches_per_side();
    parallel_blocks(count, std::max<std::int64_t>(1, tokens_at_a_time / (1 + side * side)), encode);
  } else {
    for (std::int64_t begin = 0; begin < count; begin += images_per_launch)
      encode(begin, std::min(count, begin + images_per_launch), 0);
  }
  return embeddings;
}

torch::Tensor Clip::encode_texts(const std::vector<std::string>& texts) const {
  const torch::NoGradGuard no_grad;
  const bool on_cpu = device().is_cpu();
  std::vector<TokenIds> ids(texts.size());
  parallel_blocks(static_cast<std::int64_t>(texts.size()), 256,
                  [&](std::int64_t begin, std::int64_t end, std::int64_t) {
                    for (std::int64_t i = begin; i < end; ++i) ids[i] = state_->tokens_of(texts[i]);
                  });
  const TokenForest forest = plant(ids, on_cpu ? tokens_at_a_time : tokens_per_launch);
  std::vector<torch::Tensor> rows(forest.trees.size());
  const auto encode = [&](std::int64_t i) { rows[i] = unit_rows(state_->text(forest.trees[i]).cpu()); };
  const auto trees = static_cast<std::int64_t>(forest.trees.size());
  if (on_cpu) {
    parallel_blocks(trees, 1, [&](std::int64_t i, std::int64_t, std::int64_t) { encode(i); });
  } else {
    for (std::int64_t i = 0; i < trees; ++i) encode(i);
  }
  if (rows.empty()) return torch::empty({0, width()});
  return at::cat(rows).index_select(0, at::tensor(forest.row_of, torch::kInt64));
}

}  // namespace ilk
