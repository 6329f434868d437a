#pragma once
// B images or texts at a time, D joint width.
#include <ilk/image.h>
#include <ilk/text_encoder.h>

#include <filesystem>
#include <memory>

namespace ilk {

/// What sees images and reads texts in one joint space: a Clip, or the embedded model. Immutable,
/// thread-safe.
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
};

/// The model in a directory, whichever config.json's model_type says it is: clip or ilk-lite. Throws Error
/// naming file and rule; for the device cuda where there is no GPU plugin or no GPU, and for int16 on it.
std::unique_ptr<ImageTextEncoder> load_image_text_encoder(const std::filesystem::path& directory,
                                                          Precision precision = Precision::automatic,
                                                          Device device = Device::automatic);

/// The name of the GPU that the device cuda would use. Throws Error where there is none, or no plugin for it.
std::string gpu_name();

}  // namespace ilk
