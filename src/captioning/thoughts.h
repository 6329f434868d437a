#pragma once
// What some models write round their answers.
#include <string_view>

namespace ilk::vision_chat {

struct Spoken {
  std::string_view answer;        ///< trimmed, without thoughts before it and marks round it
  bool with_thoughts = false;     ///< whether thoughts were there
  bool thoughts_are_cut = false;  ///< they begin and do not end, so that there is no answer
};

/// Tells the answer from the thoughts, by the marks of the models that are known to write both as one text.
Spoken without_thoughts(std::string_view text);

}  // namespace ilk::vision_chat
