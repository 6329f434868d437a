// B texts at a time, T tokens of each, D width.
#include "encoders/sentence_bert.h"

#include <algorithm>
#include <span>

#include "core/fail.h"
#include "encoders/bert_tower.h"
#include "encoders/encoder_list.h"
#include "encoders/model_weights.h"
#include "encoders/sentence_config.h"
#include "encoders/text_batches.h"
#include "io/sha256.h"
#include "kernels/kernels.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;

/// Part of the fingerprint; to be raised whenever the same files begin to give other embeddings.
constexpr std::string_view sentence_bert_fingerprint_version = "ilk sentence bert 3\n";

std::string fingerprint_of_sentences(const SentenceConfig& config, const ModelWeights& weights) {
  Sha256 hash;
  hash.update(sentence_bert_fingerprint_version);
  hash.update(weights.digests());
  std::vector<fs::path> files;
  files.insert(files.end(), config.files.begin(), config.files.end());
  const fs::path& directory = config.directory;
  const char* vocabulary = fs::exists(directory / "tokenizer.json") ? "tokenizer.json" : "vocab.txt";
  for (const char* name : {"config.json", vocabulary, "tokenizer_config.json", "special_tokens_map.json"})
    if (fs::exists(directory / name)) files.push_back(directory / name);
  for (const fs::path& path : files) hash.update(path.filename().string() + " " + sha256_file(path) + "\n");
  return hash.hex();
}

}  // namespace

struct SentenceBert::State {
  State(const fs::path& directory, Precision precision)
      : State(read_sentence_config(directory), directory, precision) {}

  State(const SentenceConfig& sentences, const fs::path& directory, Precision precision)
      : State(sentences, ModelWeights(sentences.directory, "SentenceBert"), directory, precision) {}

  /// The weights' files are let go once the tower has copied them.
  State(SentenceConfig read, ModelWeights weights, const fs::path& directory, Precision precision)
      : precision(precision),
        sentences(std::move(read)),
        config(read_bert_config(sentences.directory / "config.json")),
        tokenizer(sentences.directory),
        tower(config, weights, precision) {
    weights.check();
    require(tokenizer.vocabulary_size() <= config.vocabulary_size, "SentenceBert", directory,
            ": the tokenizer has ids up to ", tokenizer.vocabulary_size() - 1, ", but the model knows ",
            config.vocabulary_size, " tokens.");
    require(!sentences.lower_case || tokenizer.lower_cases(), "SentenceBert", directory,
            ": sentence_bert_config.json asks for lower case, but the tokenizer keeps case.");
    longest = config.context_length();
    if (sentences.longest > 0) longest = std::min(longest, sentences.longest);
    fingerprint = fingerprint_of_sentences(sentences, weights);
  }

  /// (B, T) ids to (B, D), not normalised.
  Matrix<float> operator()(MatrixView<const std::int32_t> ids) const {
    const Matrix<float> tokens = tower(ids);
    auto pooled = Matrix<float>::uninitialised(ids.rows(), tokens.columns());
    for (std::int64_t text = 0; text < ids.rows(); ++text)
      pool(tokens.rows_between(text * ids.columns(), (text + 1) * ids.columns()), pooled.row(text));
    return pooled;
  }

  /// One text's tokens (T, D) to its row.
  void pool(MatrixView<const float> tokens, std::span<float> row) const {
    if (sentences.pooling == Pooling::mean) {
      std::vector<double> sums(row.size());
      for (std::int64_t token = 0; token < tokens.rows(); ++token)
        kernels::kernels().add_row(sums.data(), tokens[token], 1, tokens.columns());
      for (std::size_t j = 0; j < row.size(); ++j)
        row[j] = static_cast<float>(sums[j] / static_cast<double>(tokens.rows()));
      return;
    }
    std::copy_n(tokens[0], row.size(), row.begin());
    if (sentences.pooling == Pooling::first) return;
    for (std::int64_t token = 1; token < tokens.rows(); ++token)
      for (std::size_t j = 0; j < row.size(); ++j) row[j] = std::max(row[j], tokens[token][j]);
  }

  Precision precision;
  SentenceConfig sentences;
  BertConfig config;
  WordPieceTokenizer tokenizer;
  BertTower tower;
  std::int64_t longest = 0;
  std::string fingerprint;
};

SentenceBert::SentenceBert(const fs::path& directory, Precision precision)
    : state_(std::make_unique<State>(directory, settled(precision))) {}
SentenceBert::~SentenceBert() = default;
SentenceBert::SentenceBert(SentenceBert&&) noexcept = default;

std::int64_t SentenceBert::width() const {
  return state_->config.transformer.width;
}
Precision SentenceBert::precision() const {
  return state_->precision;
}
const std::string& SentenceBert::fingerprint() const {
  return state_->fingerprint;
}
const WordPieceTokenizer& SentenceBert::tokenizer() const {
  return state_->tokenizer;
}
std::int64_t SentenceBert::longest() const {
  return state_->longest;
}

Matrix<float> SentenceBert::encode_texts(const std::vector<std::string>& texts) const {
  return embed_texts(
      static_cast<std::int64_t>(texts.size()), width(),
      [&](std::int64_t i) { return state_->tokenizer.encode(texts[i], state_->longest); },
      [&](MatrixView<const std::int32_t> ids) { return (*state_)(ids); });
}

namespace {

std::unique_ptr<TextEncoder> load(const fs::path& directory, Precision precision) {
  return std::make_unique<SentenceBert>(directory, precision);
}

}  // namespace

const EncoderKind bert_encoder{.model_type = "bert", .load_text = load};
const EncoderKind mpnet_encoder{.model_type = "mpnet", .load_text = load};

}  // namespace ilk
