#if ILK_WITH_VIPS
#include "image_colours.h"

#include <ilk/image.h>

namespace ilk {
namespace {

/// CMYK without a profile, as Pillow converts it and so as models have seen it: each of C, M, Y darkens, K
/// darkens all.
Image cmyk_to_rgb(const Image& image) {
  const auto inverse = make([&](VipsImage** out) { return vips().invert(image.get(), out, nullptr); });
  const auto inks =
      make([&](VipsImage** out) { return vips().extract_band(inverse.get(), out, 0, "n", 3, nullptr); });
  const auto black =
      make([&](VipsImage** out) { return vips().extract_band(inverse.get(), out, 3, nullptr); });
  const auto product =
      make([&](VipsImage** out) { return vips().multiply(inks.get(), black.get(), out, nullptr); });
  const auto rounded =
      make([&](VipsImage** out) { return vips().linear1(product.get(), out, 1 / 255.0, 0.5, nullptr); });
  const auto bytes = make([&](VipsImage** out) { return vips().cast_uchar(rounded.get(), out, nullptr); });
  return make([&](VipsImage** out) {
    return vips().copy(bytes.get(), out, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  });
}

}  // namespace

Image flatten_on_white(Image image) {
  if (!vips().image_hasalpha(image.get())) return image;
  if (image->Type == VIPS_INTERPRETATION_CMYK)
    return make([&](VipsImage** out) { return vips().extract_band(image.get(), out, 0, "n", 4, nullptr); });
  const double white = image->BandFmt == VIPS_FORMAT_UCHAR          ? 255
                       : image->BandFmt == VIPS_FORMAT_USHORT       ? 65535
                       : vips().band_format_isfloat(image->BandFmt) ? 1
                                                                    : 255;
  const std::unique_ptr<VipsArrayDouble, void (*)(VipsArrayDouble*)> background(
      vips().array_double_newv(1, white),
      [](VipsArrayDouble* array) { vips().area_unref(VIPS_AREA(array)); });
  const auto flattened = [&](const Image& of) {
    return make([&](VipsImage** out) {
      return vips().flatten(of.get(), out, "background", background.get(), "max_alpha", white, nullptr);
    });
  };
  if (image->BandFmt != VIPS_FORMAT_UCHAR) return flattened(image);
  // vips_flatten cuts 8 bits off to whole numbers, which makes what is nearly transparent darker than it is:
  // a level, but of whole areas. In floats, then, and to the nearest, as Pillow does it.
  const auto floats =
      make([&](VipsImage** out) { return vips().linear1(image.get(), out, 1.0, 0.0, nullptr); });
  const Image opaque = flattened(floats);
  const auto nearest =
      make([&](VipsImage** out) { return vips().linear1(opaque.get(), out, 1.0, 0.5, nullptr); });
  return make([&](VipsImage** out) { return vips().cast_uchar(nearest.get(), out, nullptr); });
}

Image to_srgb(Image image) {
  const bool plain = image->BandFmt == VIPS_FORMAT_UCHAR || image->BandFmt == VIPS_FORMAT_USHORT;
  const VipsInterpretation stored = image->Type;
  // Measurements, mostly. To guess a range would make black or white pictures of some of them.
  if (!plain && stored != VIPS_INTERPRETATION_scRGB && stored != VIPS_INTERPRETATION_LAB)
    throw ImageError("unsupported format",
                     "nothing says which of its numbers are black and white; save it with 8 or 16 bits");
  if (vips().image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0) {
    VipsImage* converted = nullptr;
    if (vips().icc_transform(image.get(), &converted, "srgb", "embedded", TRUE, "intent",
                             VIPS_INTENT_PERCEPTUAL, "depth", 8, nullptr) == 0)
      return Image(converted);
    // A profile that is broken or does not fit the pixels is as good as none.
  }
  const VipsInterpretation meaning = vips().image_guess_interpretation(image.get());
  if (meaning == VIPS_INTERPRETATION_CMYK && image->BandFmt == VIPS_FORMAT_UCHAR) {
    image = cmyk_to_rgb(image);
  } else if (vips().colourspace_issupported(image.get())) {
    image = make([&](VipsImage** out) {
      return vips().colourspace(image.get(), out, VIPS_INTERPRETATION_sRGB, nullptr);
    });
  }
  image = make([&](VipsImage** out) { return vips().cast_uchar(image.get(), out, nullptr); });
  if (image->Bands == 3) return image;
  if (image->Bands > 3)
    return make([&](VipsImage** out) { return vips().extract_band(image.get(), out, 0, "n", 3, nullptr); });
  const auto grey = make([&](VipsImage** out) { return vips().extract_band(image.get(), out, 0, nullptr); });
  VipsImage* bands[] = {grey.get(), grey.get(), grey.get()};
  return make([&](VipsImage** out) { return vips().bandjoin(bands, out, 3, nullptr); });
}

}  // namespace ilk

#endif
