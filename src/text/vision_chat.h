#pragma once
// The one question and answer of OpenAI's chat interface that captions need.
#include <ilk/caption_images.h>

#include <string>
#include <string_view>

namespace ilk::vision_chat {

/// The address to post to.
std::string address_of(const std::string& endpoint);

/// The request's body: the prompt and the picture as a data URL.
std::string question(const CaptionOptions& options, std::string_view jpeg);

/// 16 hexadecimal digits of everything but picture and model that an answer depends on.
std::string fingerprint(const CaptionOptions& options);

/// What a server answered with success: a caption, or why it has none.
struct Answer {
  std::string caption, problem;
};
/// The text of the first choice, single-spaced, without a model's thoughts before it.
Answer read_answer(std::string_view body);

/// What a server says of an error, for people: short, one line, without `key`.
std::string read_refusal(std::string_view body, const std::string& key);

}  // namespace ilk::vision_chat
