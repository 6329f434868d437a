#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// A gloss of WordNet, taken apart.
struct Gloss {
  std::string definition;
  std::vector<std::string> examples;  ///< without their quotation marks and whom they are quoted from
};

/// A quoted part is an example where it stands as a clause of its own: outside parentheses, after ";" (or
/// ":", ",", "."), and followed by nothing but its source ("--Shakespeare", "(Matthew 7:12)"), "or", or the
/// next clause. All else, such as (as in the phrase "make strides"), belongs to the definition.
Gloss split_gloss(std::string_view text);

}  // namespace ilk
