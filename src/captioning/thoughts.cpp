#include "captioning/thoughts.h"

#include "io/strings.h"

namespace ilk::vision_chat {
namespace {

struct Marks {
  std::string_view begin, end;
};
constexpr Marks thought_marks[] = {{"<think>", "</think>"},
                                   {"<thinking>", "</thinking>"},
                                   {"<thought>", "</thought>"},
                                   {"<reasoning>", "</reasoning>"},
                                   {"[THINK]", "[/THINK]"},                      // Mistral
                                   {"\u25c1think\u25b7", "\u25c1/think\u25b7"},  // Kimi-VL
                                   {"<|channel|>analysis", "<|channel|>final<|message|>"}};
// GLM-4.1V and others that were taught to be marked.
constexpr Marks answer_marks[] = {{"<answer>", "</answer>"}, {"<|begin_of_box|>", "<|end_of_box|>"}};

}  // namespace

Spoken without_thoughts(std::string_view text) {
  Spoken spoken{.answer = trimmed(text)};
  for (const auto& [begin, end] : thought_marks) {
    // Some templates begin the thoughts themselves, so that the answer has their end alone.
    if (const auto place = spoken.answer.rfind(end); place != std::string_view::npos)
      spoken = {.answer = trimmed(spoken.answer.substr(place + end.size())), .with_thoughts = true};
    else if (spoken.answer.starts_with(begin))
      return {.with_thoughts = true, .thoughts_are_cut = true};
  }
  for (const auto& [begin, end] : answer_marks) {
    if (!spoken.answer.starts_with(begin)) continue;
    spoken.answer.remove_prefix(begin.size());
    spoken.answer = trimmed(spoken.answer.substr(0, spoken.answer.find(end)));
  }
  return spoken;
}

}  // namespace ilk::vision_chat
