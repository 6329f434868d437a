#pragma once
// The packed form of a file of 16-bit numbers. The high bytes of a model's weights (sign and exponent) are
// much alike, the low ones are noise: apart from each other they compress better than side by side (ilk-lite
// by 6 %).
//
// NAME.planes stands for the file NAME: the 8 letters "ilkplane", then `begin` and `end` as 64-bit numbers
// (little endian), then the bytes of NAME, of which those at begin … end − 1 are in another order: first all
// low bytes, then all high bytes.
#include <filesystem>
#include <memory>

#include "io/files.h"

namespace ilk {

/// NAME.planes.
std::filesystem::path packed_name(const std::filesystem::path& name);
/// The file of this name, read as it is, or else unpacked from NAME.planes, a piece at a time. Throws Error
/// where neither can be read, and for a packed file that is not of this form.
std::shared_ptr<const InputFile> open_or_unpack(const std::filesystem::path& name);

}  // namespace ilk
