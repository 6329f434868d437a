#if ILK_WITH_VIPS
#include "io/image_colours.h"

#include <ilk/image.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "core/text.h"

namespace ilk {
namespace {

Image bands_of(const Image& image, int first, int count) {
  return make(
      [&](VipsImage** out) { return vips().extract_band(image.get(), out, first, "n", count, nullptr); });
}

Image join(const Image& first, const Image& second) {
  VipsImage* both[] = {first.get(), second.get()};
  return make([&](VipsImage** out) { return vips().bandjoin(both, out, 2, nullptr); });
}

Image named(const Image& image, VipsInterpretation interpretation) {
  return make([&](VipsImage** out) {
    return vips().copy(image.get(), out, "interpretation", interpretation, nullptr);
  });
}

/// Each sample times `factor`, to the nearest whole number.
Image scaled(const Image& image, double factor) {
  return make([&](VipsImage** out) { return vips().linear1(image.get(), out, factor, 0.5, nullptr); });
}

Image bytes_of(const Image& image) {
  return make([&](VipsImage** out) { return vips().cast_uchar(image.get(), out, nullptr); });
}

bool is_lab(const Image& image) {
  return image->Type == VIPS_INTERPRETATION_LAB || image->Type == VIPS_INTERPRETATION_LABQ ||
         image->Type == VIPS_INTERPRETATION_LABS;
}

/// CIELAB under D50, which is what files hold, as sRGB of 8 bits.
Image lab_to_srgb(const Image& image) {
  const auto lab = make([&](VipsImage** out) {
    return vips().colourspace(image.get(), out, VIPS_INTERPRETATION_LAB, nullptr);
  });
  const auto exported = make([&](VipsImage** out) {
    return vips().icc_export(lab.get(), out, "output_profile", "srgb", "pcs", VIPS_PCS_LAB, "intent",
                             VIPS_INTENT_PERCEPTUAL, "depth", 8, nullptr);
  });
  return named(exported, VIPS_INTERPRETATION_sRGB);
}

/// Colours and alpha alone, in this order.
Image without_other_samples(Image image, const TiffHead& tiff) {
  // Palettes and packed formats are unpacked by then, and have no other samples.
  if (image->Coding != VIPS_CODING_NONE || image->Bands != tiff.samples) return image;
  const int colours = tiff.colours();
  const auto alpha = tiff.alpha();
  if (colours >= image->Bands || (alpha && *alpha == colours && image->Bands == colours + 1)) return image;
  const Image rest = bands_of(image, 0, colours);
  return alpha && *alpha < image->Bands ? join(rest, bands_of(image, *alpha, 1))
                                        : bands_of(image, 0, colours);
}

struct Samples {
  double low = INFINITY, high = -INFINITY;
  bool finite = true, whole = true;
};

template <class Float>
void look_at(const VipsPel* row, std::ptrdiff_t count, Samples& seen) {
  const auto* values = reinterpret_cast<const Float*>(row);
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const double value = values[i];
    seen.finite = seen.finite && std::isfinite(value);
    seen.whole = seen.whole && value == std::floor(value);
    seen.low = std::min(seen.low, value);
    seen.high = std::max(seen.high, value);
  }
}

Samples look_at_all(const Image& image) {
  Samples seen;
  const std::unique_ptr<VipsRegion, Unref> region(vips().region_new(image.get()));
  if (!region) throw VipsFailure();
  constexpr int strip = 16;
  for (int top = 0; top < image->Ysize; top += strip) {
    const VipsRect rows{0, top, image->Xsize, std::min(strip, image->Ysize - top)};
    if (vips().region_prepare(region.get(), &rows) != 0) throw VipsFailure();
    const std::ptrdiff_t count = std::ptrdiff_t{image->Xsize} * image->Bands;
    const std::ptrdiff_t size = image->BandFmt == VIPS_FORMAT_FLOAT ? sizeof(float) : sizeof(double);
    for (int y = top; y < top + rows.height; ++y) {
      const VipsPel* row = region->data + std::ptrdiff_t{region->bpl} * (y - region->valid.top) -
                           size * image->Bands * region->valid.left;
      if (image->BandFmt == VIPS_FORMAT_FLOAT)
        look_at<float>(row, count, seen);
      else
        look_at<double>(row, count, seen);
    }
  }
  return seen;
}

[[noreturn]] void unknown_range(const std::string& reason) {
  throw ImageError("unsupported format", "nothing says which of its numbers are black and white (" + reason +
                                             "); save it with 8 or 16 bits");
}

/// What white is among floats. Anything but the two usual ranges is a measurement, and to guess would make
/// black or white pictures of some.
double white_of(const Samples& seen) {
  if (!seen.finite) unknown_range("some are not finite");
  const auto range = [&] {
    return concatenate("floats from ", seen.low, " to ", seen.high, ", not 0 to 1 or 0 to 255");
  };
  if (seen.low < 0 || seen.high > 255) unknown_range(range());
  if (seen.high <= 1) return 1;
  // Slightly above 1 is what sharpening leaves of 0 … 1, or the light of a lamp.
  if (seen.whole || seen.high > 64) return 255;
  unknown_range(range());
}

Image floats_to_shorts(const Image& image, const TiffHead* tiff, double white) {
  const auto shorts = [](const Image& of) {
    return make([&](VipsImage** out) { return vips().cast_ushort(of.get(), out, nullptr); });
  };
  const bool grey = image->Bands <= 2;
  Image result = shorts(scaled(image, 65535 / white));
  if (grey && tiff && tiff->photometric == TiffHead::white_is_zero) {
    const auto turned = make([&](VipsImage** out) { return vips().invert(result.get(), out, nullptr); });
    result =
        result->Bands == 1 ? bands_of(turned, 0, 1) : join(bands_of(turned, 0, 1), bands_of(result, 1, 1));
  }
  return named(result, grey ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16);
}

/// CMYK without a fitting profile, as Pillow converts it and so as models have seen it: each of C, M, Y
/// darkens, K darkens all.
Image cmyk_to_rgb(const Image& image) {
  const Image inks =
      image->BandFmt == VIPS_FORMAT_USHORT ? bytes_of(scaled(image, 1 / 257.0)) : bytes_of(image);
  const auto inverse = make([&](VipsImage** out) { return vips().invert(inks.get(), out, nullptr); });
  const Image colours = bands_of(inverse, 0, 3), black = bands_of(inverse, 3, 1);
  const auto product =
      make([&](VipsImage** out) { return vips().multiply(colours.get(), black.get(), out, nullptr); });
  return named(bytes_of(scaled(product, 1 / 255.0)), VIPS_INTERPRETATION_sRGB);
}

/// Whether the embedded profile is of the colours that the pixels have: its header's class and colour space
/// (ICC.1, section 7.2).
bool has_fitting_profile(const Image& image) {
  if (vips().image_get_typeof(image.get(), VIPS_META_ICC_NAME) == 0) return false;
  const void* data = nullptr;
  std::size_t size = 0;
  if (vips().image_get_blob(image.get(), VIPS_META_ICC_NAME, &data, &size) != 0) return false;
  const std::string_view profile(static_cast<const char*>(data), size);
  if (profile.size() < 132 || profile.substr(36, 4) != "acsp") return false;
  const std::string_view kind = profile.substr(12, 4), colours = profile.substr(16, 4);
  if (kind != "mntr" && kind != "scnr" && kind != "prtr" && kind != "spac") return false;
  switch (vips().image_guess_interpretation(image.get())) {
    case VIPS_INTERPRETATION_CMYK:
      return colours == "CMYK" && image->Bands == 4;
    case VIPS_INTERPRETATION_B_W:
    case VIPS_INTERPRETATION_GREY16:
      return colours == "GRAY" && image->Bands == 1;
    default:
      return colours == "RGB " && image->Bands == 3;
  }
}

}  // namespace

Image standard_samples(Image image, const TiffHead* tiff, const std::function<Image()>& again) {
  if (tiff) image = without_other_samples(std::move(image), *tiff);
  if (is_lab(image)) return lab_to_srgb(image);
  if (image->BandFmt == VIPS_FORMAT_UCHAR || image->BandFmt == VIPS_FORMAT_USHORT) return image;
  // scRGB that is not of TIFF (JPEG XL) is linear light, and libvips knows how to take it.
  if (!tiff && image->Type == VIPS_INTERPRETATION_scRGB) return image;
  if (image->BandFmt != VIPS_FORMAT_FLOAT && image->BandFmt != VIPS_FORMAT_DOUBLE)
    unknown_range("they are signed, or have more than 16 bits");
  Image whole = again();
  if (tiff) whole = without_other_samples(std::move(whole), *tiff);
  return floats_to_shorts(image, tiff, white_of(look_at_all(whole)));
}

Image flatten_on_white(Image image) {
  if (!vips().image_hasalpha(image.get())) return image;
  const bool inks = image->Type == VIPS_INTERPRETATION_CMYK;
  const double most = image->BandFmt == VIPS_FORMAT_UCHAR          ? 255
                      : image->BandFmt == VIPS_FORMAT_USHORT       ? 65535
                      : vips().band_format_isfloat(image->BandFmt) ? 1
                                                                   : 255;
  const std::unique_ptr<VipsArrayDouble, void (*)(VipsArrayDouble*)> background(
      vips().array_double_newv(1, inks ? 0 : most),
      [](VipsArrayDouble* array) { vips().area_unref(VIPS_AREA(array)); });
  const auto flattened = [&](const Image& of) {
    return make([&](VipsImage** out) {
      return vips().flatten(of.get(), out, "background", background.get(), "max_alpha", most, nullptr);
    });
  };
  if (image->BandFmt != VIPS_FORMAT_UCHAR) return flattened(image);
  // vips_flatten cuts 8 bits off to whole numbers, which makes what is nearly transparent darker than it is:
  // a level, but of whole areas. In floats, then, and to the nearest, as Pillow does it.
  const auto floats =
      make([&](VipsImage** out) { return vips().linear1(image.get(), out, 1.0, 0.0, nullptr); });
  return bytes_of(scaled(flattened(floats), 1));
}

Image to_srgb(Image image) {
  if (has_fitting_profile(image)) {
    VipsImage* converted = nullptr;
    if (vips().icc_transform(image.get(), &converted, "srgb", "embedded", TRUE, "intent",
                             VIPS_INTENT_PERCEPTUAL, "depth", 8, nullptr) == 0)
      return Image(converted);
  }
  const VipsInterpretation meaning = vips().image_guess_interpretation(image.get());
  if (meaning == VIPS_INTERPRETATION_CMYK) {
    image = cmyk_to_rgb(image);
  } else if (vips().colourspace_issupported(image.get())) {
    image = make([&](VipsImage** out) {
      return vips().colourspace(image.get(), out, VIPS_INTERPRETATION_sRGB, nullptr);
    });
  }
  image = bytes_of(image);
  if (image->Bands == 3) return image;
  if (image->Bands > 3) return bands_of(image, 0, 3);
  const Image grey = bands_of(image, 0, 1);
  VipsImage* bands[] = {grey.get(), grey.get(), grey.get()};
  return make([&](VipsImage** out) { return vips().bandjoin(bands, out, 3, nullptr); });
}

}  // namespace ilk

#endif
