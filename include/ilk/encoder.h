#pragma once
// What turns images and texts into embeddings, and where and in what numbers it computes. B images or texts
// at a time, D width.
#include <ilk/image.h>
#include <ilk/matrix.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// Where an encoder computes. `cpu`: the same bits on every machine. `cuda`: a GPU, in fp32, whose embeddings
/// have cosines of above 0.9999 with those of the CPU and may differ from one GPU to another; it is never
/// used unless it is asked for, so `automatic` is the CPU.
enum class Device { automatic, cpu, cuda };
constexpr auto enum_names(Device) {
  return std::array<std::string_view, 3>{"auto", "cpu", "cuda"};
}

/// For the options of commands that encode.
inline constexpr auto device_help =
    "where the encoders compute: cpu; cuda: a GPU, with ilk's GPU plugin; auto: cpu, whose results are the "
    "same on every machine";

/// What an encoder's weights are multiplied in. `fp32`: floats. `int16`: whole numbers of 16 bits with a
/// scale for each row of activations and each column of weights, half again as fast on a processor with AVX2;
/// the embeddings have cosines of above 0.9999 with those of fp32. `automatic`: int16, and fp32 on a GPU,
/// which knows nothing else.
enum class Precision { automatic, fp32, int16 };
constexpr auto enum_names(Precision) {
  return std::array<std::string_view, 3>{"auto", "fp32", "int16"};
}

/// For the options of commands that encode.
inline constexpr auto precision_help =
    "what the encoders multiply in: fp32; int16, with AVX2 half again as fast; auto: int16, on a GPU fp32";

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

/// What sees images and reads texts in one joint space: a Clip, or the embedded model. Immutable but for
/// release_images, thread-safe.
class ImageTextEncoder : public TextEncoder {
 public:
  /// How it wants its images.
  virtual const ImagePreprocessor& preprocessor() const = 0;
  /// Where its files are.
  virtual const std::filesystem::path& directory() const = 0;

  /// `pixels` (B, 3·H·W) float32, a row an image as decode_for_model returns it, B ≥ 1. Returns (B, D), rows
  /// of unit length. On the CPU a row is the same to the bit whatever its companions, its place, the number
  /// of threads and the processor. Uses parallel_blocks; inside a block it runs on that thread.
  virtual Matrix<float> encode_images(MatrixView<const float> pixels) const = 0;

  /// Frees what only images need, most of it weights; the next image loads it again. Not while another thread
  /// encodes images.
  virtual void release_images() {}
};

/// The model in a directory, whichever config.json's model_type says it is: clip or ilk-lite. Throws Error
/// naming file and rule; for the device cuda where there is no GPU plugin or no GPU, and for int16 on it.
std::unique_ptr<ImageTextEncoder> load_image_text_encoder(const std::filesystem::path& directory,
                                                          Precision precision = Precision::automatic,
                                                          Device device = Device::automatic);

/// The name of the GPU that the device cuda would use. Throws Error where there is none, or no plugin for it.
std::string gpu_name();

}  // namespace ilk
