#include "captioning/vision_chat.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "io/base64.h"
#include "io/foreign_content.h"
#include "io/http_error_text.h"
#include "io/sha256.h"
#include "io/strings.h"

namespace ilk::vision_chat {
namespace {

using nlohmann::json;

/// The value below these keys, or null.
const json* find(const json& value, std::initializer_list<const char*> keys) {
  const json* found = &value;
  for (const char* key : keys) {
    if (!found->is_object()) return nullptr;
    const auto next = found->find(key);
    if (next == found->end()) return nullptr;
    found = &*next;
  }
  return found;
}

std::string text_at(const json& value, std::initializer_list<const char*> keys) {
  const json* found = find(value, keys);
  return found && found->is_string() ? found->get<std::string>() : std::string();
}

/// A message's content: a text, or a list of parts with texts among them.
std::string content_of(const json& message) {
  const json* content = find(message, {"content"});
  if (!content) return "";
  if (content->is_string()) return content->get<std::string>();
  std::string text;
  if (content->is_array())
    for (const json& part : *content) text += text_at(part, {"text"}) + " ";
  return text;
}

/// Without the thoughts that some models write before their answer.
std::string_view without_thoughts(std::string_view text) {
  constexpr std::string_view begin = "<think>", end = "</think>";
  text = trimmed(text);
  if (const auto place = text.rfind(end); place != std::string_view::npos)
    return text.substr(place + end.size());
  return text.starts_with(begin) ? std::string_view() : text;
}

bool is_event_stream(std::string_view body) {
  body = trimmed(body);
  return body.starts_with("data:") || body.starts_with("event:") || body.starts_with(": ");
}

/// The answer that the pieces of an event stream make (HTML's server-sent events, each with a "delta");
/// discarded where the stream is damaged or cut.
json join_events(std::string_view body) {
  const json damaged = json::parse("", nullptr, false);
  std::string text, reason;
  bool ended = false;
  while (!body.empty()) {
    std::string_view line = take_line(body);
    if (!line.starts_with("data:")) continue;
    line = trimmed(line.substr(5));
    if (line == "[DONE]") ended = true;
    if (line.empty() || line == "[DONE]") continue;
    const json event = json::parse(line, nullptr, false);
    if (event.is_discarded()) return damaged;
    if (find(event, {"error"})) return event;
    const json* choices = find(event, {"choices"});
    if (!choices || !choices->is_array() || choices->empty()) continue;  // "usage", at the end
    const json& choice = (*choices)[0];
    text += text_at(choice, {"delta", "content"}) + text_at(choice, {"text"});
    if (const std::string given = text_at(choice, {"finish_reason"}); !given.empty()) reason = given;
  }
  if (!ended && reason.empty()) return damaged;
  return {{"choices", {{{"message", {{"content", text}}}, {"finish_reason", reason}}}}};
}

/// Why a body is no answer.
std::string what_it_is(std::string_view body) {
  if (is_event_stream(body)) return "an event stream that is damaged or cut";
  const std::string foreign = foreign_content(body);
  return foreign.empty() ? "not JSON" : "not JSON, but " + foreign;
}

/// Whether a text begins as models do that will not answer.
bool is_refusal(std::string_view text) {
  std::string lower = lower_case(text.substr(0, 40));
  for (auto at = lower.find("\u2019"); at != std::string::npos; at = lower.find("\u2019"))
    lower.replace(at, 3, "'");
  constexpr std::array<std::string_view, 9> beginnings{"i'm sorry",   "i am sorry",   "sorry, ",
                                                       "i can't ",    "i cannot ",    "i'm unable",
                                                       "i am unable", "i'm not able", "as an ai"};
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view beginning) { return lower.starts_with(beginning); });
}

}  // namespace

std::string address_of(const std::string& endpoint) {
  constexpr std::string_view path = "/chat/completions";
  std::string address = endpoint.substr(0, endpoint.find_first_of("?#"));
  const std::string rest = endpoint.substr(address.size());
  while (address.ends_with('/')) address.pop_back();
  if (address.ends_with(path)) return address + rest;
  const std::string last = address.substr(address.rfind('/') + 1);
  const bool has_version =
      last.size() >= 2 && last[0] == 'v' && last.find_first_not_of("0123456789", 1) == std::string::npos;
  return address + (has_version ? "" : "/v1") + std::string(path) + rest;
}

std::string question(const CaptionOptions& options, std::string_view jpeg) {
  const json picture = {{"type", "image_url"},
                        {"image_url", {{"url", "data:image/jpeg;base64," + base64(jpeg)}}}};
  const json prompt = {{"type", "text"}, {"text", options.prompt}};
  return json{{"model", options.vlm_model},
              {"messages", {{{"role", "user"}, {"content", {prompt, picture}}}}},
              {"max_tokens", options.max_tokens},
              {"temperature", options.temperature},
              {"stream", false}}
      .dump();
}

std::string fingerprint(const CaptionOptions& options) {
  // The number is max_tokens' default, from when cut answers were kept: whole ones do not depend on it.
  const std::string parts =
      concatenate("ilk caption 1\n", options.prompt, "\n", options.image_edge, " 200 ", options.temperature);
  return sha256_hex(parts).substr(0, 16);
}

Answer read_answer(std::string_view body) {
  const json answer = is_event_stream(body) ? join_events(body) : json::parse(body, nullptr, false);
  if (answer.is_discarded()) return {.problem = "the answer is " + what_it_is(body)};
  const json* choices = find(answer, {"choices"});
  if (!choices || !choices->is_array() || choices->empty()) {
    const std::string said = http::refusal_text(answer.dump(), "");
    return {.problem = "the answer has no choices" +
                       (find(answer, {"error"}) && !said.empty() ? ": " + said : std::string())};
  }
  const json& choice = (*choices)[0];
  const json* message = find(choice, {"message"});
  const json* text = find(choice, {"text"});  // as completions without chat have it
  if (!message && !(text && text->is_string()))
    return {.problem = "the answer's first choice has no message"};
  if (!message) message = text;
  if (const std::string refusal = text_at(*message, {"refusal"}); !refusal.empty())
    return {.problem = "the model refused: " + on_one_line(refusal, 200)};
  if (text_at(choice, {"finish_reason"}) == "content_filter")
    return {.problem = "the answer was filtered out"};
  const std::string content = message == text ? text->get<std::string>() : content_of(*message);
  std::string caption = single_spaced(without_thoughts(content));
  const std::string reason = text_at(choice, {"finish_reason"});
  if (reason == "length" || reason == "max_tokens")
    return {.problem = caption.empty()
                           ? "the model used up its tokens before a caption, perhaps in thought; "
                             "give it more with --max-tokens"
                           : "the caption was cut for want of tokens; give more with --max-tokens",
            .may_change = false};
  if (caption.empty()) return {.problem = "the answer is empty"};
  if (is_refusal(caption)) return {.problem = "the model refused: " + on_one_line(caption, 200)};
  return {.caption = std::move(caption)};
}

}  // namespace ilk::vision_chat
