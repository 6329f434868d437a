#pragma once
// H rows, W columns; pixels are RGB, 8 bits each, row by row.
#include <ilk/image.h>

#include <cstdint>
#include <deque>
#include <vector>

namespace ilk {

struct ImageSize {
  std::int64_t height = 0, width = 0;
};

/// A rectangle of pixels; it may reach over the image's edge.
struct Window {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

struct Pixels {
  ImageSize size;
  std::vector<std::uint8_t> rgb;  ///< (H, W, 3)
};

/// White around an image, in pixels: wider than it and higher.
struct Margins {
  double top = 0, left = 0, bottom = 0, right = 0;
};

/// For each position of a resized axis: the first pixel of the source that it sees, the weights from there
/// on, and that of the white beside the source.
struct AxisWeights {
  std::vector<std::int64_t> first;
  std::vector<std::vector<float>> weights;
  std::vector<float> white;
};

/// Resizes an image whose rows arrive one after another, and keeps only a window of the result. The rule is
/// Pillow's: a kernel as wide as the reduction asks (so that nothing aliases), cut off and renormalised at
/// the edges, first across, rounded to 8 bits, then down. Holds the rows that one row of the result needs,
/// already resized across.
class RowResampler {
 public:
  /// The source has `source` pixels which show `extent_*` pixels' worth of image: less than their number
  /// where a decoder that halves rounded an odd size up. `target` is the size of the whole result, `window`
  /// what is wanted; what lies outside the image is black. The image has `margins` of pixels as large as the
  /// source's, and is resized as if they were pixels of it.
  RowResampler(ImageSize source, double extent_height, double extent_width, ImageSize target,
               const Window& window, ImagePreprocessor::Resample kernel, const Margins& margins = {});

  /// The next row of the source, (W, 3).
  void add_row(const std::uint8_t* row);
  /// The window; to be called once, after the last row.
  Pixels finish();

 private:
  void write_row(std::int64_t position);

  ImageSize source_;
  Window window_;
  Window inside_;  ///< the part of the window that lies in the image
  AxisWeights across_, down_;
  std::int64_t next_row_ = 0, next_output_ = 0;
  std::int64_t first_kept_ = 0;
  std::deque<std::vector<std::uint8_t>> kept_;
  Pixels result_;
};

/// Turns an image as the EXIF orientation (1..8) says.
Pixels orient(Pixels pixels, int orientation);

/// The place in the stored image of a window given in the oriented one; `oriented` is the size of the latter.
Window window_before_orientation(const Window& window, ImageSize oriented, int orientation);

/// The same of the white around it.
Margins margins_before_orientation(const Margins& margins, int orientation);

/// Whether the orientation exchanges height and width.
inline bool orientation_transposes(int orientation) {
  return orientation >= 5;
}

}  // namespace ilk
