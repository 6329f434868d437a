// B images or texts at a time, D joint width, T tokens of a text.
#include "encoders/clip.h"

#include <ilk/threads.h>

#include <algorithm>
#include <optional>

#include "core/fail.h"
#include "core/made_when_needed.h"
#include "core/parallel.h"
#include "encoders/clip_config.h"
#include "encoders/clip_towers.h"
#include "encoders/encoder_list.h"
#include "encoders/gpu_tower.h"
#include "encoders/model_weights.h"
#include "encoders/preprocessor_file.h"
#include "encoders/text_batches.h"
#include "encoders/token_tree.h"
#include "io/sha256.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;

// Tokens that go through a tower together, of whole images or of texts: enough to read the weights seldom,
// few enough for a processor's caches. What comes out does not depend on it.
constexpr std::int64_t tokens_at_a_time = 512;

/// Part of the fingerprint; to be raised whenever the same files begin to give other embeddings.
constexpr std::string_view clip_fingerprint_version = "ilk clip 3\n";

std::string fingerprint_of_clip(const fs::path& directory, const ModelWeights& weights) {
  Sha256 hash;
  hash.update(clip_fingerprint_version);
  hash.update(weights.digests());
  std::vector<fs::path> files;
  files.push_back(directory / "config.json");
  files.push_back(preprocessor_file(directory));
  const bool one_file = fs::exists(directory / "tokenizer.json");
  for (const char* name : {"tokenizer.json", "vocab.json", "merges.txt"})
    if (one_file == (std::string_view(name) == "tokenizer.json")) files.push_back(directory / name);
  for (const fs::path& path : files) hash.update(path.filename().string() + " " + sha256_file(path) + "\n");
  return hash.hex();
}

}  // namespace

struct Clip::State {
  State(const fs::path& directory, Precision precision, Device device)
      : State(directory, precision, device, ModelWeights(directory, "Clip")) {}

  /// The weights' files are let go once the towers have copied them.
  State(const fs::path& directory, Precision precision, Device device, ModelWeights weights)
      : directory(directory),
        precision(precision),
        config(read_clip_config(directory / "config.json")),
        preprocessor(read_preprocessor(preprocessor_file(directory).string())),
        tokenizer(directory) {
    if (device == Device::cuda) {
      on_gpu = std::make_unique<GpuTowers>(
          GpuTowers{GpuTower::vision(config, weights), GpuTower::text(config, weights)});
    } else {
      vision(&weights);
      text = std::make_unique<TextTower>(config, weights, precision);
    }
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
    fingerprint = fingerprint_of_clip(directory, weights);
  }

  /// The ids up to the token that stands for the text: nothing after it can change it.
  std::vector<std::int32_t> tokens_of(const std::string& text) const {
    std::vector<std::int32_t> ids = tokenizer.encode(text, config.text.context_length);
    const auto pooled = config.text.end_token >= 0 ? std::find(ids.begin(), ids.end(), config.text.end_token)
                                                   : std::max_element(ids.begin(), ids.end());
    ids.resize(static_cast<std::size_t>(pooled - ids.begin()) + 1);
    return ids;
  }

  /// From `weights`, which are to be checked afterwards, or from the files.
  const VisionTower& vision(ModelWeights* weights = nullptr) const {
    return vision_made.get([&] {
      std::optional<ModelWeights> again;
      if (!weights) weights = &again.emplace(directory, "Clip");
      return std::make_unique<VisionTower>(config, *weights, precision);
    });
  }

  struct GpuTowers {
    GpuTower vision, text;
  };

  fs::path directory;
  Precision precision;
  ClipConfig config;
  ImagePreprocessor preprocessor;
  ClipTokenizer tokenizer;
  MadeWhenNeeded<VisionTower> vision_made;
  std::unique_ptr<TextTower> text;  // both of them, or else
  std::unique_ptr<GpuTowers> on_gpu;
  std::string fingerprint;
};

Clip::Clip(const fs::path& directory, Precision precision, Device device)
    : state_(std::make_unique<State>(directory, settled(precision, device), device)) {}
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
Precision Clip::precision() const {
  return state_->precision;
}
Device Clip::device() const {
  return state_->on_gpu ? Device::cuda : Device::cpu;
}
const fs::path& Clip::directory() const {
  return state_->directory;
}
const std::string& Clip::fingerprint() const {
  return state_->fingerprint;
}

Matrix<float> Clip::encode_images(MatrixView<const float> pixels) const {
  const std::int64_t size = state_->config.vision.image_size;
  require(pixels.rows() >= 1 && pixels.columns() == 3 * size * size, "Clip::encode_images",
          "pixels must be (B, 3 · ", size, " · ", size, ") with B at least 1, got (", pixels.rows(), ", ",
          pixels.columns(), ").");
  if (state_->on_gpu) {
    Matrix<float> rows = state_->on_gpu->vision(pixels);
    make_unit_rows(rows);
    return rows;
  }
  auto embeddings = Matrix<float>::uninitialised(pixels.rows(), width());
  const std::int64_t side = state_->config.vision.patches_per_side();
  const std::int64_t most = std::max<std::int64_t>(1, tokens_at_a_time / (1 + side * side));
  // As many groups as keep all threads busy to the end, all alike.
  const std::int64_t turns = block_count(pixels.rows(), most * threads());
  const std::int64_t images_at_a_time = block_count(pixels.rows(), turns * threads());
  const VisionTower& tower = state_->vision();
  parallel_blocks(pixels.rows(), images_at_a_time, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    Matrix<float> rows = tower(pixels.rows_between(begin, end));
    make_unit_rows(rows);
    std::copy_n(rows.data(), rows.size(), embeddings[begin]);
  });
  return embeddings;
}

void Clip::release_images() {
  state_->vision_made.forget();
}

Matrix<float> Clip::encode_texts(const std::vector<std::string>& texts) const {
  if (state_->on_gpu)
    return embed_texts(
        static_cast<std::int64_t>(texts.size()), width(),
        [&](std::int64_t i) { return state_->tokens_of(texts[static_cast<std::size_t>(i)]); },
        state_->on_gpu->text);
  std::vector<TokenIds> ids(texts.size());
  parallel_blocks(static_cast<std::int64_t>(texts.size()), 256,
                  [&](std::int64_t begin, std::int64_t end, std::int64_t) {
                    for (std::int64_t i = begin; i < end; ++i) ids[i] = state_->tokens_of(texts[i]);
                  });
  const TokenForest forest = plant(ids, tokens_at_a_time);
  std::vector<Matrix<float>> tables(forest.trees.size());
  parallel_blocks(static_cast<std::int64_t>(tables.size()), 1,
                  [&](std::int64_t i, std::int64_t, std::int64_t) {
                    tables[i] = (*state_->text)(forest.trees[i]);
                    make_unit_rows(tables[i]);
                  });
  std::vector<const float*> rows;  // of all tables
  for (const Matrix<float>& table : tables)
    for (std::int64_t i = 0; i < table.rows(); ++i) rows.push_back(table[i]);
  auto embeddings = Matrix<float>::uninitialised(static_cast<std::int64_t>(texts.size()), width());
  for (std::int64_t i = 0; i < embeddings.rows(); ++i)
    std::copy_n(rows[forest.row_of[i]], width(), embeddings[i]);
  return embeddings;
}

const EncoderKind clip_encoder{.model_type = "clip",
                               .load = [](const fs::path& directory, Precision precision,
                                          Device device) -> std::unique_ptr<ImageTextEncoder> {
                                 return std::make_unique<Clip>(directory, precision, device);
                               }};

}  // namespace ilk
