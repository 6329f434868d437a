#pragma once
// B images or texts at a time, D joint width.
#include <ilk/encoder.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "encoders/clip_tokenizer.h"

namespace ilk {

/// A CLIP (Radford et al. 2021): a vision and a text tower with one joint space, from a Hugging Face
/// directory (config.json, model.safetensors or its shards, tokenizer and preprocessor files). ViT towers of
/// any size; quick_gelu and gelu; weights in fp32, fp16 or bf16, computed in fp32
/// but for the products that `precision` speaks of. Immutable, thread-safe.
class Clip : public ImageTextEncoder {
 public:
  /// Loads and checks everything: every weight present with the right shape. Throws Error naming file and
  /// rule.
  explicit Clip(const std::filesystem::path& directory, Precision precision = Precision::automatic,
                Device device = Device::automatic);
  ~Clip() override;
  Clip(Clip&&) noexcept;

  std::int64_t width() const override;  ///< D
  const ImagePreprocessor& preprocessor() const override;
  const ClipTokenizer& tokenizer() const;
  Precision precision() const override;
  Device device() const override;
  const std::filesystem::path& directory() const override;
  /// SHA-256 over the configuration, the weights, the preprocessing and the tokenizer: what an embedding
  /// depends on.
  const std::string& fingerprint() const override;

  Matrix<float> encode_images(MatrixView<const float> pixels) const override;
  void release_images() override;

  /// As every TextEncoder. The tower is causal: nothing after the end token is computed, and on the CPU what
  /// texts begin with in common goes through once, so texts of one template are best given together.
  Matrix<float> encode_texts(const std::vector<std::string>& texts) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ilk
