#pragma once
// B images or texts at a time, D joint width.
#include <ilk/encoder.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace ilk {

/// A small model that knows photographs and drawings, from a directory with config.json of the type
/// "ilk-lite", model.safetensors and a WordPiece vocabulary (tokenizer.json or vocab.txt). A convolutional
/// tower and its classifier look; what the classifier sees is put into words by a convex combination of the
/// classes' embeddings (ConSE, Norouzi et al. 2014), which a small network corrects; MiniLM reads. An image's
/// vector is how it looks and what it means, one after the other, a text's has zeros for the looks: so a
/// cosine of two images weighs both, and one of an image with a text their meaning. Immutable, thread-safe.
class LiteModel : public ImageTextEncoder {
 public:
  /// Loads and checks what sees images: every weight present with the right shape. What reads texts is loaded
  /// with the first text. Throws Error naming file and rule.
  explicit LiteModel(const std::filesystem::path& directory, Precision precision = Precision::automatic,
                     Device device = Device::automatic);
  ~LiteModel() override;
  LiteModel(LiteModel&&) noexcept;

  std::int64_t width() const override;  ///< D
  const ImagePreprocessor& preprocessor() const override;
  Precision precision() const override;
  /// Of the convolutional tower; all else is little work and stays on the CPU.
  Device device() const override;
  const std::filesystem::path& directory() const override;
  const std::string& fingerprint() const override;

  Matrix<float> encode_images(MatrixView<const float> pixels) const override;
  void release_images() override;

  Matrix<float> encode_texts(const std::vector<std::string>& texts) const override;

  /// What an image's vector is made of, for checks.
  struct Parts {
    Matrix<float> pooled;  ///< (B, features)
    Matrix<float> logits;  ///< (B, classes)
    Matrix<float> conse;   ///< (B, text width), rows of unit length
  };
  Parts look_at(MatrixView<const float> pixels) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ilk
