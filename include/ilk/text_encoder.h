#pragma once
// B texts at a time, D width.
#include <ilk/device.h>
#include <ilk/matrix.h>
#include <ilk/precision.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace ilk {

/// What turns texts into embeddings: CLIP's text tower or a sentence encoder. Immutable, thread-safe.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;

  virtual std::int64_t width() const = 0;  ///< D
  /// What its weights are multiplied in; never automatic.
  virtual Precision precision() const = 0;
  /// Where it computes; never automatic.
  virtual Device device() const { return Device::cpu; }
  /// SHA-256 over everything in the model's files that an embedding depends on; precision and device are none
  /// of it.
  virtual const std::string& fingerprint() const = 0;

  /// Texts of any length (cut at the encoder's longest). Returns (B, D) float32, rows of unit length.
  /// Uses parallel_blocks. On the CPU a row is the same to the bit for any number of threads, on every
  /// processor, and whatever its companions.
  virtual Matrix<float> encode_texts(const std::vector<std::string>& texts) const = 0;

 protected:
  TextEncoder() = default;
  TextEncoder(const TextEncoder&) = default;
  TextEncoder(TextEncoder&&) = default;
  TextEncoder& operator=(const TextEncoder&) = default;
  TextEncoder& operator=(TextEncoder&&) = default;
};

/// What the encoder computes in, for what is kept between runs: embeddings of one model in two of these are
/// never mixed. "int16", "fp32"; "fp32 cuda" of a GPU.
std::string arithmetic_of(const TextEncoder& encoder);

/// The encoder in a Hugging Face directory, whichever config.json's model_type says it is: a Clip, or a
/// SentenceBert, which always computes on the CPU. Throws Error naming file and rule; for `device` as
/// load_image_text_encoder.
std::unique_ptr<TextEncoder> load_text_encoder(const std::filesystem::path& directory,
                                               Precision precision = Precision::automatic,
                                               Device device = Device::automatic);

}  // namespace ilk
