#pragma once
// H rows, W columns.
#include <ilk/matrix.h>
#include <ilk/options.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace ilk {

/// Why an image could not be used; `kind` as in SkippedFile.
class ImageError : public std::runtime_error {
 public:
  ImageError(std::string kind, const std::string& reason)
      : std::runtime_error(reason), kind_(std::move(kind)) {}
  const std::string& kind() const { return kind_; }

 private:
  std::string kind_;
};

struct DecodeOptions {
  double pixel_limit = 512;
  bool shrink_on_load = true;
  bool jpeg_xl = false;
};

template <OptionsOf<DecodeOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"pixel_limit", options.pixel_limit, "largest image that is decoded, in megapixels"}.above(0));
  visit(Field{"shrink_on_load", options.shrink_on_load,
              "let decoders hand over a smaller image where the format can; faster, nearly the same pixels"});
  visit(Field{"jpeg_xl", options.jpeg_xl,
              "read JPEG XL too; libvips does not call its decoder safe for files from strangers"});
}

/// How the model wants its images (Hugging Face's preprocessor_config.json).
struct ImagePreprocessor {
  enum class Resample { nearest, bilinear, bicubic, lanczos };
  /// Cut: what a centred window shows of the picture. Padded: the whole picture, in the middle of a white
  /// square, resized to the crop's size; shortest_edge counts for nothing then.
  enum class Fit { cut, padded };
  Fit fit = Fit::cut;
  std::int64_t shortest_edge = 224;  ///< resized to, keeping the aspect; 0: resize to crop size exactly
  std::int64_t crop_height = 224, crop_width = 224;
  Resample resample = Resample::bicubic;
  std::array<double, 3> mean{0.48145466, 0.4578275, 0.40821073};
  std::array<double, 3> standard_deviation{0.26862954, 0.26130258, 0.27577711};
  double rescale_factor = 1.0 / 255;
};

/// Reads preprocessor_config.json of a model directory. Accepts `size` and `crop_size` as numbers or objects;
/// throws Error for keys that ask for what is not supported.
ImagePreprocessor read_preprocessor(const std::string& path);

/// The bytes of a file with their SHA-256.
struct ImageFile {
  std::string bytes;
  std::string sha256;
  /// Named as a camera names its own files (.nef, .cr2). Only a reason tells by it, where the bytes cannot be
  /// decoded.
  bool named_camera_raw = false;
};
/// Reads a file that may be an image. A file whose first bytes are those of something else is not read
/// further, so that a film among the photographs costs nothing. Throws ImageError: "empty", "unreadable",
/// "vanished", "special file", "dangling link", "link loop", "not an image", "unsupported format", "too
/// large" (above 4 GiB).
ImageFile read_image_file(const std::string& path);

/// Decodes, corrects and preprocesses one image for a model: format decided by content; only libvips's
/// trusted loaders, and readers of ilk's own for BMP and PPM; the first frame or page; EXIF orientation
/// applied; an embedded ICC profile (one that does not fit the pixels is as good as none), CMYK, CIELAB,
/// grey, 16-bit, palette, and floats of a plain range (0 … 1 or 0 … 255) brought to sRGB of 8 bits; alpha
/// flattened on white; resized (antialiased, as Pillow does), centre-cropped, normalised.
///
/// The pixel limit is checked on the header, before any pixel is decoded. Pixels are streamed, so that a big
/// image takes some tens of megabytes; only what a format cannot give row by row (WebP, GIF, HEIC, AVIF, JPEG
/// XL, BMP, PPM, interlaced PNG and JPEG) is held whole while it is decoded.
///
/// Returns (3, crop_height · crop_width), a row a channel. Thread-safe, and each call stays on its own
/// thread. Throws ImageError: "not an image", "unsupported format" (an image, but not one that can be decoded
/// here), "damaged" (truncated and the like), "too large". Throws Error where ilk was built without libvips.
Matrix<float> decode_for_model(const ImageFile& file, const ImagePreprocessor& preprocessor,
                               const DecodeOptions& options);

/// A small picture for people, encoded as JPEG: the whole image within `edge` × `edge`, corrected as above.
/// Throws ImageError as decode_for_model.
std::string make_thumbnail(const ImageFile& file, std::int64_t edge, const DecodeOptions& options);

/// The decoder this ilk was built with and the formats it reads ("libvips 8.14.1: JPEG, PNG, …"), for
/// --version.
std::string image_support();

}  // namespace ilk
