// B images or texts at a time, F features of an image, C classes, W the text's width.
#include "encoders/lite_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "core/fail.h"
#include "core/made_when_needed.h"
#include "core/parallel.h"
#include "encoders/encoder_list.h"
#include "encoders/lite_config.h"
#include "encoders/model_weights.h"
#include "encoders/text_batches.h"
#include "encoders/wordpiece.h"
#include "io/sha256.h"
#include "kernels/functions.h"
#include "kernels/kernels.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view in_lite_model = "LiteModel";

/// Part of the fingerprint; to be raised whenever the same files begin to give other embeddings.
constexpr std::string_view lite_fingerprint_version = "ilk lite 1\n";

/// Images whose features go through the head together: enough to read its weights seldom.
constexpr std::int64_t images_at_a_time = 16;

std::string fingerprint_of_lite(const fs::path& directory, const ModelWeights& weights) {
  Sha256 hash;
  hash.update(lite_fingerprint_version);
  hash.update(weights.digests());
  std::vector<fs::path> files;
  const char* vocabulary = fs::exists(directory / "tokenizer.json") ? "tokenizer.json" : "vocab.txt";
  for (const char* name : {"config.json", vocabulary, "tokenizer_config.json"})
    if (fs::exists(directory / name)) files.push_back(directory / name);
  for (const fs::path& path : files) hash.update(path.filename().string() + " " + sha256_file(path) + "\n");
  return hash.hex();
}

/// What sees: loaded with the first image, which a run whose images are all known never has.
struct Viewer {
  Viewer(const LiteConfig& config, Precision precision, Device device, ModelWeights weights)
      : config(config),
        image(config.image, weights, precision, device),
        // The head is little work: in float32.
        classifier(take_linear(weights, "classifier", config.image.pooled, config.classes, Precision::fp32)),
        visual(take_linear(weights, "visual", config.image.pooled, config.visual_width, Precision::fp32)),
        hidden(take_linear(weights, "head.hidden", config.image.pooled, config.head_hidden, Precision::fp32)),
        out(take_linear(weights, "head.out", config.head_hidden, config.text_width(), Precision::fp32)),
        classes(weights.take("classes", {config.classes, config.text_width()})),
        centre(weights.take_vector("head.centre", config.image.pooled)),
        text_mean(weights.take_vector("text_mean", config.text_width())) {
    weights.check();
  }

  /// The mean of the classes' embeddings, weighed by the softmax of the highest logits, less the mean of all
  /// texts: (W), not normalised.
  void put_into_words(std::span<const float> logits, float* words) const {
    std::vector<std::int64_t> best(logits.size());
    std::iota(best.begin(), best.end(), 0);
    const auto last = best.begin() + config.top_classes;
    std::partial_sort(best.begin(), last, best.end(), [&](std::int64_t a, std::int64_t b) {
      return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
    });
    best.erase(last, best.end());
    double total = 0;
    std::vector<double> weights;
    for (const std::int64_t i : best) {
      weights.push_back(kernels::exp(static_cast<double>(logits[i]) - logits[best[0]]));
      total += weights.back();
    }
    std::vector<double> sums(text_mean.size());
    for (std::size_t k = 0; k < best.size(); ++k) {
      const float* embedding = classes[best[k]];
      for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += weights[k] / total * embedding[j];
    }
    for (std::size_t j = 0; j < sums.size(); ++j) words[j] = static_cast<float>(sums[j] - text_mean[j]);
  }

  /// (B, C) logits to (B, W), rows of unit length.
  Matrix<float> conse_of(const Matrix<float>& logits) const {
    auto words = Matrix<float>::uninitialised(logits.rows(), config.text_width());
    for (std::int64_t i = 0; i < logits.rows(); ++i) put_into_words(logits.row(i), words[i]);
    make_unit_rows(words);
    return words;
  }

  /// What the network adds to that: (B, F) features to (B, W).
  Matrix<float> correction_of(MatrixView<const float> features) const {
    auto seen = Matrix<float>::uninitialised(features.rows(), features.columns());
    for (std::int64_t i = 0; i < seen.rows(); ++i)
      for (std::int64_t j = 0; j < seen.columns(); ++j) seen[i][j] = std::sqrt(features[i][j]) - centre[j];
    make_unit_rows(seen);
    Matrix<float> inner = hidden(seen);
    activate(inner, Activation::gelu);
    return out(inner);
  }

  /// (B, F) features to (B, D), rows of unit length.
  void join(MatrixView<const float> features, MatrixView<float> joint) const {
    Matrix<float> looks = visual(features);
    make_unit_rows(looks);
    Matrix<float> meaning = conse_of(classifier(features));
    const Matrix<float> correction = correction_of(features);
    for (std::int64_t i = 0; i < meaning.size(); ++i) meaning.data()[i] += correction.data()[i];
    make_unit_rows(meaning);
    const auto weight = static_cast<float>(config.visual_weight);
    for (std::int64_t i = 0; i < joint.rows(); ++i) {
      for (std::int64_t j = 0; j < looks.columns(); ++j) joint[i][j] = weight * looks[i][j];
      std::copy_n(meaning[i], meaning.columns(), joint[i] + looks.columns());
    }
    make_unit_rows(joint);
  }

  const LiteConfig& config;
  ConvolutionTower image;
  Linear classifier, visual, hidden, out;
  Matrix<float> classes;                 // (C, W)
  std::vector<float> centre, text_mean;  // (F), (W)
};

}  // namespace

struct LiteModel::State {
  State(const fs::path& directory, Precision precision, Device device)
      : directory(directory),
        precision(precision),
        device(device == Device::cuda ? Device::cuda : Device::cpu),
        config(read_lite_config(directory / "config.json")) {
    ModelWeights weights(directory, in_lite_model);
    fingerprint = fingerprint_of_lite(directory, weights);
    // Whether there is a GPU is said at once.
    if (device == Device::cuda) viewer();
  }

  const Viewer& viewer() const {
    return viewer_made.get([this] {
      return std::make_unique<Viewer>(config, precision, device, ModelWeights(directory, in_lite_model));
    });
  }

  /// What reads: loaded with the first text, which a run whose nouns come with their features never has.
  struct Reader {
    Reader(const fs::path& directory, const LiteConfig& config, Precision precision, ModelWeights weights)
        : tokenizer(directory),
          tower(config.text, weights, precision, "text."),
          mean(weights.take_vector("text_mean", config.text_width())) {
      weights.check();
      require(tokenizer.vocabulary_size() <= config.text.vocabulary_size, in_lite_model, directory,
              ": the tokenizer has ids up to ", tokenizer.vocabulary_size() - 1, ", but the model knows ",
              config.text.vocabulary_size, " tokens.");
    }
    WordPieceTokenizer tokenizer;
    BertTower tower;
    std::vector<float> mean;  // (W) of all texts
  };
  const Reader& reader() const {
    return reader_made.get([this] {
      return std::make_unique<Reader>(directory, config, precision, ModelWeights(directory, in_lite_model));
    });
  }

  /// (B, T) ids to (B, W): the mean of their tokens' embeddings.
  Matrix<float> read(MatrixView<const std::int32_t> ids) const {
    const Matrix<float> tokens = reader().tower(ids);
    auto pooled = Matrix<float>::uninitialised(ids.rows(), tokens.columns());
    for (std::int64_t i = 0; i < ids.rows(); ++i) {
      std::vector<double> sums(static_cast<std::size_t>(tokens.columns()));
      for (std::int64_t token = 0; token < ids.columns(); ++token)
        kernels::kernels().add_row(sums.data(), tokens[i * ids.columns() + token], 1, tokens.columns());
      for (std::int64_t j = 0; j < tokens.columns(); ++j)
        pooled[i][j] = static_cast<float>(sums[j] / static_cast<double>(ids.columns()));
    }
    return pooled;
  }

  fs::path directory;
  Precision precision;
  Device device;
  LiteConfig config;
  std::string fingerprint;
  MadeWhenNeeded<Viewer> viewer_made;
  MadeWhenNeeded<Reader> reader_made;
};

LiteModel::LiteModel(const fs::path& directory, Precision precision, Device device)
    : state_(std::make_unique<State>(directory, settled(precision, device), device)) {}
LiteModel::~LiteModel() = default;
LiteModel::LiteModel(LiteModel&&) noexcept = default;

std::int64_t LiteModel::width() const {
  return state_->config.joint_width();
}
const ImagePreprocessor& LiteModel::preprocessor() const {
  return state_->config.preprocessor;
}
Precision LiteModel::precision() const {
  return state_->precision;
}
Device LiteModel::device() const {
  return state_->device;
}
const fs::path& LiteModel::directory() const {
  return state_->directory;
}
const std::string& LiteModel::fingerprint() const {
  return state_->fingerprint;
}

LiteModel::Parts LiteModel::look_at(MatrixView<const float> pixels) const {
  const Viewer& viewer = state_->viewer();
  Parts parts{.pooled = viewer.image(pixels)};
  parts.logits = viewer.classifier(parts.pooled);
  parts.conse = viewer.conse_of(parts.logits);
  return parts;
}

Matrix<float> LiteModel::encode_images(MatrixView<const float> pixels) const {
  const std::int64_t size = state_->config.image.image_size;
  require(pixels.rows() >= 1 && pixels.columns() == 3 * size * size, "LiteModel::encode_images",
          "pixels must be (B, 3 · ", size, " · ", size, ") with B at least 1, got (", pixels.rows(), ", ",
          pixels.columns(), ").");
  const Viewer& viewer = state_->viewer();
  const Matrix<float> features = viewer.image(pixels);
  auto embeddings = Matrix<float>::uninitialised(pixels.rows(), width());
  parallel_blocks(pixels.rows(), images_at_a_time, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    viewer.join(features.rows_between(begin, end), embeddings.rows_between(begin, end));
  });
  return embeddings;
}

void LiteModel::release_images() {
  if (state_->device == Device::cpu) state_->viewer_made.forget();
}

Matrix<float> LiteModel::encode_texts(const std::vector<std::string>& texts) const {
  Matrix<float> sentences = embed_texts(
      static_cast<std::int64_t>(texts.size()), state_->config.text_width(),
      [&](std::int64_t i) {
        return state_->reader().tokenizer.encode(texts[i], state_->config.longest_text);
      },
      [&](MatrixView<const std::int32_t> ids) { return state_->read(ids); });
  for (std::int64_t i = 0; i < sentences.rows(); ++i)
    for (std::int64_t j = 0; j < sentences.columns(); ++j) sentences[i][j] -= state_->reader().mean[j];
  make_unit_rows(sentences);
  Matrix<float> joint(sentences.rows(), width());
  for (std::int64_t i = 0; i < joint.rows(); ++i)
    std::copy_n(sentences[i], sentences.columns(), joint[i] + state_->config.visual_width);
  return joint;
}

const EncoderKind lite_encoder{.model_type = "ilk-lite",
                               .load = [](const fs::path& directory, Precision precision,
                                          Device device) -> std::unique_ptr<ImageTextEncoder> {
                                 return std::make_unique<LiteModel>(directory, precision, device);
                               },
                               .on_hub = false};

}  // namespace ilk
