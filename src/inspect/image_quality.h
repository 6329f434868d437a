#pragma once
// How an image looks, by numbers.
#include "io/resample.h"

namespace ilk {

/// Measured on the image shrunk to fit 256 × 256; luma (ITU-R BT.601) in 0 … 1.
struct ImageQuality {
  double brightness = 0;  ///< mean luma
  double dark_end = 0;    ///< the luma that 5 % of the pixels are below
  double bright_end = 0;  ///< the luma that 5 % of the pixels are above
  /// Standard deviation of the Laplacian (of 4 neighbours) over that of the luma: 0 for a smooth gradient,
  /// about 0.2 for a sharp photograph, above 1 for noise. 0 where all is one colour.
  double sharpness = 0;
};

ImageQuality quality_of(const Pixels& pixels);

}  // namespace ilk
