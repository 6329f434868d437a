#pragma once
#include <string_view>

namespace ilk::html {

/// Width over height as the JPEG's frame header says; 1 where there is none to be found.
double jpeg_aspect_ratio(std::string_view jpeg);

}  // namespace ilk::html
