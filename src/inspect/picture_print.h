#pragma once
// A small grey picture of an image, for telling whether two images show the same picture.
#include <array>
#include <cstdint>
#include <memory>

#include "io/resample.h"

namespace ilk {

/// An image shrunk to 64 × 64, whatever its shape; luma (ITU-R BT.601), row by row.
struct PicturePrint {
  static constexpr std::int64_t side = 64;
  std::array<std::uint8_t, side * side> luma{};
};
PicturePrint print_of(const Pixels& pixels);

/// 8 × 8 luma with mean 0, of unit length, in the one of the eight ways to turn and mirror the picture whose
/// lower and right parts are brightest: nearly the same whichever way it is turned. A picture of one colour
/// is (1, 0, …, 0).
std::array<float, 64> turned_alike(const PicturePrint& print);

/// One picture, to compare others with.
class ComparedPicture {
 public:
  explicit ComparedPicture(const PicturePrint& print);
  ~ComparedPicture();
  ComparedPicture(const ComparedPicture&) = delete;
  ComparedPicture& operator=(const ComparedPicture&) = delete;

  /// How far the other picture shows this one or a part of it, −1 … 1: the highest correlation of their luma
  /// at 32 × 32 among the eight ways to turn and mirror it, and among the ways to lay it over a part of this
  /// one (from half the width and height on). Scales, JPEG qualities and small retouches hardly lower it.
  /// Pictures of one colour have no correlation; two of them are 1 where the colour is the same, else −1.
  double similarity(const PicturePrint& other);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The higher similarity of the two to each other.
double picture_similarity(const PicturePrint& a, const PicturePrint& b);

}  // namespace ilk
