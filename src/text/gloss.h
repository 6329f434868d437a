#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// A gloss of WordNet, taken apart.
struct Gloss {
  std::string_view definition;
  std::vector<std::string_view> examples;  ///< without their quotation marks and whom they are quoted from
};

/// A quoted part is an example where it stands as a clause of its own: outside parentheses, after ";" (or
/// ":", ",", "."), and followed by nothing but its source ("--Shakespeare", "(Matthew 7:12)"), "or", or the
/// next clause. All else, such as (as in the phrase "make strides"), belongs to the definition, which is kept
/// in `joined` where it is not one part of the text.
Gloss split_gloss(std::string_view text, std::deque<std::string>& joined);

}  // namespace ilk
