#pragma once
#include <array>
#include <string_view>

namespace ilk {

/// What an encoder's weights are multiplied in. `fp32`: floats. `int16`: whole numbers of 16 bits with a
/// scale for each row of activations and each column of weights, half again as fast on a processor with AVX2;
/// the embeddings have cosines of above 0.9999 with those of fp32. `automatic`: int16, and fp32 on a GPU,
/// which knows nothing else.
enum class Precision { automatic, fp32, int16 };
constexpr auto enum_names(Precision) {
  return std::array<std::string_view, 3>{"auto", "fp32", "int16"};
}

/// For the options of commands that encode.
inline constexpr auto precision_help =
    "what the encoders multiply in: fp32; int16, with AVX2 half again as fast; auto: int16, on a GPU fp32";

}  // namespace ilk
