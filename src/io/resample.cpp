// Resampling as in Pillow's Image.resize, on rows as they come.
#include "io/resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/scalar_functions.h"

namespace ilk {
namespace {

using Resample = ImagePreprocessor::Resample;

double sinc(double x) {
  return x == 0 ? 1 : kernels::sin_of_turn(x / 2) / (std::numbers::pi * x);
}

double kernel_radius(Resample kernel) {
  switch (kernel) {
    case Resample::bilinear:
      return 1;
    case Resample::bicubic:
      return 2;
    case Resample::lanczos:
      return 3;
    default:
      return 0.5;
  }
}

double kernel_value(Resample kernel, double x) {
  x = std::abs(x);
  if (x >= kernel_radius(kernel)) return 0;
  switch (kernel) {
    case Resample::bilinear:
      return 1 - x;
    case Resample::bicubic:  // Keys's cubic convolution with a = -1/2.
      return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
    case Resample::lanczos:
      return sinc(x) * sinc(x / 3);
    default:
      return 1;
  }
}

/// One axis of a resized image: `source` pixels worth `extent` of them, and what is white before and after.
struct Axis {
  std::int64_t source;
  double extent;
  double before, after;
};

AxisWeights axis_weights(const Axis& axis, std::int64_t target, std::int64_t begin, std::int64_t count,
                         Resample kernel) {
  AxisWeights result;
  const double scale = (axis.before + axis.extent + axis.after) / static_cast<double>(target);
  const double stretch = std::max(scale, 1.0);
  const double radius = kernel_radius(kernel) * stretch;
  // Whole pixels of white; what is left of one where a decoder made the image smaller only moves the image.
  const auto before = static_cast<std::int64_t>(axis.before);
  const double rest = axis.before - static_cast<double>(before);
  const std::int64_t end = before + axis.source,
                     whole = end + static_cast<std::int64_t>(std::ceil(axis.after));
  for (std::int64_t position = begin; position < begin + count; ++position) {
    const double centre = (static_cast<double>(position) + 0.5) * scale - rest;
    std::int64_t first = std::max<std::int64_t>(static_cast<std::int64_t>(centre - radius + 0.5), 0);
    std::int64_t last = std::min<std::int64_t>(static_cast<std::int64_t>(centre + radius + 0.5), whole);
    if (kernel == Resample::nearest) {
      first = std::clamp<std::int64_t>(static_cast<std::int64_t>(centre), 0, whole - 1);
      last = first + 1;
    }
    std::vector<double> weights;
    double sum = 0, white = 0;
    for (std::int64_t i = first; i < last; ++i) {
      const double weight = kernel == Resample::nearest
                                ? 1
                                : kernel_value(kernel, (static_cast<double>(i) - centre + 0.5) / stretch);
      sum += weight;
      if (i >= before && i < end)
        weights.push_back(weight);
      else
        white += weight;
    }
    std::vector<float> normalised;
    for (const double weight : weights) normalised.push_back(static_cast<float>(weight / sum));
    result.first.push_back(std::clamp(first, before, end) - before);
    result.weights.push_back(std::move(normalised));
    result.white.push_back(static_cast<float>(white / sum));
  }
  return result;
}

std::uint8_t to_byte(float value) {
  return static_cast<std::uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f));
}

}  // namespace

RowResampler::RowResampler(ImageSize source, double extent_height, double extent_width, ImageSize target,
                           const Window& window, Resample kernel, const Margins& margins)
    : source_(source), window_(window) {
  inside_.top = std::max<std::int64_t>(window.top, 0);
  inside_.left = std::max<std::int64_t>(window.left, 0);
  inside_.height = std::min(window.top + window.height, target.height) - inside_.top;
  inside_.width = std::min(window.left + window.width, target.width) - inside_.left;
  across_ = axis_weights({source.width, extent_width, margins.left, margins.right}, target.width,
                         inside_.left, inside_.width, kernel);
  down_ = axis_weights({source.height, extent_height, margins.top, margins.bottom}, target.height,
                       inside_.top, inside_.height, kernel);
  result_.size = {window.height, window.width};
  result_.rgb.assign(static_cast<std::size_t>(window.height * window.width * 3), 0);
}

void RowResampler::add_row(const std::uint8_t* row) {
  const std::int64_t index = next_row_++;
  if (next_output_ == inside_.height) return;
  if (index >= down_.first[next_output_]) {
    if (kept_.empty()) first_kept_ = index;
    std::vector<std::uint8_t>& resized = kept_.emplace_back(static_cast<std::size_t>(inside_.width * 3));
    for (std::int64_t x = 0; x < inside_.width; ++x) {
      const std::vector<float>& weights = across_.weights[x];
      const std::uint8_t* pixel = row + across_.first[x] * 3;
      const float white = 255 * across_.white[x];
      float red = white, green = white, blue = white;
      for (const float weight : weights) {
        red += weight * pixel[0];
        green += weight * pixel[1];
        blue += weight * pixel[2];
        pixel += 3;
      }
      resized[x * 3] = to_byte(red);
      resized[x * 3 + 1] = to_byte(green);
      resized[x * 3 + 2] = to_byte(blue);
    }
  }
  while (next_output_ < inside_.height &&
         down_.first[next_output_] + static_cast<std::int64_t>(down_.weights[next_output_].size()) <=
             next_row_) {
    write_row(next_output_++);
    // The next row of the result begins no higher than this one, so what lies above it is done with.
    while (next_output_ < inside_.height && !kept_.empty() && first_kept_ < down_.first[next_output_]) {
      kept_.pop_front();
      ++first_kept_;
    }
  }
}

void RowResampler::write_row(std::int64_t position) {
  const std::vector<float>& weights = down_.weights[position];
  const std::size_t offset = static_cast<std::size_t>(down_.first[position] - first_kept_);
  std::vector<float> sums(static_cast<std::size_t>(inside_.width * 3), 255 * down_.white[position]);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::uint8_t* row = kept_[offset + i].data();
    for (std::size_t x = 0; x < sums.size(); ++x) sums[x] += weights[i] * row[x];
  }
  const std::int64_t y = inside_.top - window_.top + position, x = inside_.left - window_.left;
  std::transform(sums.begin(), sums.end(), result_.rgb.begin() + (y * window_.width + x) * 3, to_byte);
}

Pixels RowResampler::finish() {
  return std::move(result_);
}

Pixels orient(Pixels pixels, int orientation) {
  if (orientation == 1) return pixels;
  const auto [height, width] = pixels.size;
  Pixels result;
  result.size = orientation_transposes(orientation) ? ImageSize{width, height} : pixels.size;
  result.rgb.resize(pixels.rgb.size());
  for (std::int64_t y = 0; y < result.size.height; ++y) {
    for (std::int64_t x = 0; x < result.size.width; ++x) {
      const Window from = window_before_orientation({y, x, 1, 1}, result.size, orientation);
      std::copy_n(pixels.rgb.begin() + (from.top * width + from.left) * 3, 3,
                  result.rgb.begin() + (y * result.size.width + x) * 3);
    }
  }
  return result;
}

Window window_before_orientation(const Window& window, ImageSize oriented, int orientation) {
  const Window transposed{window.left, window.top, window.width, window.height};
  const std::int64_t bottom = oriented.height - window.top - window.height;
  const std::int64_t right = oriented.width - window.left - window.width;
  switch (orientation) {
    case 2:  // mirrored left to right
      return {window.top, right, window.height, window.width};
    case 3:  // upside down
      return {bottom, right, window.height, window.width};
    case 4:  // mirrored top to bottom
      return {bottom, window.left, window.height, window.width};
    case 5:  // mirrored along the main diagonal
      return transposed;
    case 6:  // to be turned clockwise
      return {right, window.top, window.width, window.height};
    case 7:  // mirrored along the other diagonal
      return {right, bottom, window.width, window.height};
    case 8:  // to be turned anticlockwise
      return {window.left, bottom, window.width, window.height};
    default:
      return window;
  }
}

Margins margins_before_orientation(const Margins& margins, int orientation) {
  const auto [top, left, bottom, right] = margins;
  switch (orientation) {
    case 2:
      return {top, right, bottom, left};
    case 3:
      return {bottom, right, top, left};
    case 4:
      return {bottom, left, top, right};
    case 5:
      return {left, top, right, bottom};
    case 6:
      return {right, top, left, bottom};
    case 7:
      return {right, bottom, left, top};
    case 8:
      return {left, bottom, right, top};
    default:
      return margins;
  }
}

}  // namespace ilk
