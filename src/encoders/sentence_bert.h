#pragma once
// B texts at a time, D width.
#include <ilk/encoder.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "encoders/wordpiece.h"

namespace ilk {

/// A sentence encoder (Sentence-BERT, Reimers & Gurevych 2019) on BERT (Devlin et al. 2019), MiniLM or MPNet
/// (Song et al. 2020), from a Hugging Face directory: config.json of the type "bert" or "mpnet",
/// model.safetensors or its shards, and the tokenizer's files. Where they are present, modules.json, the
/// pooling's config.json and sentence_bert_config.json say how token embeddings become one (mean, first token
/// or maximum) and where texts are cut; else the mean, and the model's longest. Weights in fp32, fp16 or
/// bf16, computed in fp32 but for the products that `precision` speaks of. Rows always come out of unit
/// length, so that a cosine is a product. Immutable, thread-safe.
class SentenceBert : public TextEncoder {
 public:
  /// Loads and checks everything: every weight present with the right shape. Throws Error naming file and
  /// rule, also for what would give other embeddings than the model's authors had (a module or a mode of
  /// pooling that is not known here).
  explicit SentenceBert(const std::filesystem::path& directory, Precision precision = Precision::automatic);
  ~SentenceBert() override;
  SentenceBert(SentenceBert&&) noexcept;

  std::int64_t width() const override;
  Precision precision() const override;
  const std::string& fingerprint() const override;
  const WordPieceTokenizer& tokenizer() const;
  std::int64_t longest() const;  ///< tokens at which a text is cut, the first and the last among them

  Matrix<float> encode_texts(const std::vector<std::string>& texts) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ilk
