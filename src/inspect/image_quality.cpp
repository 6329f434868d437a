#include "inspect/image_quality.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ilk {
namespace {

double deviation(double sum, double square, double count) {
  const double mean = sum / count;
  return std::sqrt(std::max(0.0, square / count - mean * mean));
}

}  // namespace

ImageQuality quality_of(const Pixels& pixels) {
  const auto [height, width] = pixels.size;
  std::vector<double> luma(static_cast<std::size_t>(height * width));
  double sum = 0, square = 0;
  for (std::size_t i = 0; i < luma.size(); ++i) {
    luma[i] =
        (0.299 * pixels.rgb[3 * i] + 0.587 * pixels.rgb[3 * i + 1] + 0.114 * pixels.rgb[3 * i + 2]) / 255;
    sum += luma[i];
    square += luma[i] * luma[i];
  }
  const auto count = static_cast<double>(luma.size());
  ImageQuality quality{.brightness = sum / count};
  const double spread = deviation(sum, square, count);
  double edges = 0, edges_square = 0, inner = 0;
  for (std::int64_t y = 1; y + 1 < height; ++y)
    for (std::int64_t x = 1; x + 1 < width; ++x) {
      const double* here = luma.data() + y * width + x;
      const double laplacian = here[-1] + here[1] + here[-width] + here[width] - 4 * here[0];
      edges += laplacian;
      edges_square += laplacian * laplacian;
      ++inner;
    }
  if (inner > 0 && spread > 1e-3) quality.sharpness = deviation(edges, edges_square, inner) / spread;
  const auto at = [&](double share) {
    const auto place = luma.begin() + static_cast<std::ptrdiff_t>(share * (count - 1));
    std::nth_element(luma.begin(), place, luma.end());
    return *place;
  };
  quality.dark_end = at(0.05);
  quality.bright_end = at(0.95);
  return quality;
}

}  // namespace ilk
