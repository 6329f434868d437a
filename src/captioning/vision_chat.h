#pragma once
// The one question and answer of OpenAI's chat interface that captions need.

#include <cstdint>
#include <string>
#include <string_view>

#include "captioning/caption_images.h"

namespace ilk::vision_chat {

/// The address to post to.
std::string address_of(const std::string& endpoint);

/// The request's body: the prompt and the picture as a data URL.
std::string question(const CaptionOptions& options, std::string_view jpeg);

/// 16 hexadecimal digits of everything but picture and model that a whole answer depends on.
std::string fingerprint(const CaptionOptions& options);

/// What a server answered with success: a caption, or why it has none.
struct Answer {
  std::string caption, problem;
  bool may_change = true;  ///< whether another request may have a better answer
};
/// The text of the first choice, single-spaced, without a model's thoughts before it; `body` is one answer or
/// an event stream of its pieces. What `max_tokens` cut is no caption; where the server does not say why the
/// model ended, its count of tokens does.
Answer read_answer(std::string_view body, std::int64_t max_tokens);

}  // namespace ilk::vision_chat
