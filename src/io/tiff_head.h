#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ilk {

/// What the first directory of a TIFF file says of its samples (TIFF 6.0, section 8 and on), where libvips
/// does not pass it on.
struct TiffHead {
  enum : std::uint16_t { white_is_zero = 0, cielab = 8 };
  enum : std::uint16_t { unspecified = 0, premultiplied = 1, straight = 2 };

  std::optional<std::uint16_t> photometric;
  std::uint16_t samples = 1, bits = 1, format = 1;  ///< bits of one; 3: floating point
  std::vector<std::uint16_t> extra_samples;         ///< what each sample beyond the colours is
  bool camera_raw = false;                          ///< a camera's, by its directory or by Canon's mark

  /// How many of the samples are colours.
  int colours() const;
  /// The sample that is transparency, if one is. What is "unspecified" (an infrared band, say) is not.
  std::optional<int> alpha() const;
};

/// Reads classic and big TIFF of both byte orders. What lies outside of `bytes` is left out: libvips says
/// what is wrong with such a file.
TiffHead read_tiff_head(std::string_view bytes);

/// Throws ImageError "unsupported format" where libvips would take the samples for others (a sensor's own,
/// ICC's and ITU's L*a*b*), or reads none of their kind.
void require_known_samples(const TiffHead& head);

}  // namespace ilk
