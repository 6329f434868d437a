#include "captioning/vision_chat.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "captioning/thoughts.h"
#include "core/text.h"
#include "io/base64.h"
#include "io/foreign_content.h"
#include "io/gunzip.h"
#include "io/http_error_text.h"
#include "io/sha256.h"
#include "io/strings.h"

namespace ilk::vision_chat {
namespace {

using nlohmann::json;

constexpr std::size_t most_unpacked_bytes = 16 << 20;

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

/// A message's content: a text, or a list of parts, of which some are texts and others perhaps thoughts.
std::string content_of(const json& message) {
  const json* content = find(message, {"content"});
  if (!content) return "";
  if (content->is_string()) return content->get<std::string>();
  std::string text;
  if (content->is_array())
    for (const json& part : *content)
      if (const std::string type = text_at(part, {"type"}); type.empty() || type.ends_with("text"))
        text += text_at(part, {"text"}) + " ";
  return text;
}

/// Whether a message has thoughts apart from its content, by the names that servers give them.
bool has_thoughts(const json& message) {
  constexpr const char* names[] = {"reasoning_content", "reasoning", "thinking"};
  return std::any_of(std::begin(names), std::end(names),
                     [&](const char* name) { return !text_at(message, {name}).empty(); });
}

/// Whether a body begins with a line of server-sent events. JSON begins with none of these.
bool is_event_stream(std::string_view body) {
  body = trimmed(body);
  constexpr std::string_view beginnings[] = {":", "data:", "event:", "id:", "retry:"};
  return std::any_of(std::begin(beginnings), std::end(beginnings),
                     [&](std::string_view beginning) { return body.starts_with(beginning); });
}

/// The answer that the pieces of an event stream make (HTML's server-sent events, each with a "delta");
/// discarded where the stream is damaged or cut.
json join_events(std::string_view body) {
  json damaged = json::parse("", nullptr, false);
  std::string text, reason;
  json joined = json::object();
  bool ended = false;
  body = trimmed(body);
  while (!body.empty()) {
    std::string_view line = take_line(body);
    if (!line.starts_with("data:")) continue;
    line = trimmed(line.substr(5));
    if (line == "[DONE]") ended = true;
    if (line.empty() || line == "[DONE]") continue;
    json event = json::parse(line, nullptr, false);
    if (event.is_discarded()) return damaged;
    if (find(event, {"error"})) return event;
    if (const json* usage = find(event, {"usage"})) joined["usage"] = *usage;
    const json* choices = find(event, {"choices"});
    if (!choices || !choices->is_array() || choices->empty()) continue;  // "usage", at the end
    const json& choice = (*choices)[0];
    for (const char* name : {"delta", "message"})
      if (const json* piece = find(choice, {name})) {
        text += content_of(*piece);
        if (has_thoughts(*piece)) joined["choices"][0]["message"]["reasoning"] = "there were some";
      }
    text += text_at(choice, {"text"});
    if (const std::string given = text_at(choice, {"finish_reason"}); !given.empty()) reason = given;
  }
  if (!ended && reason.empty()) return damaged;
  joined["choices"][0]["message"]["content"] = text;
  joined["choices"][0]["finish_reason"] = reason;
  return joined;
}

/// Whether the server stopped the model because it had written max_tokens tokens.
bool is_cut(const json& answer, const json& choice, std::int64_t max_tokens) {
  const std::string reason = lower_case(text_at(choice, {"finish_reason"}));
  constexpr std::string_view names[] = {"length", "max_tokens", "model_length", "max_output_tokens"};
  if (!reason.empty()) return std::find(std::begin(names), std::end(names), reason) != std::end(names);
  const json* used = find(answer, {"usage", "completion_tokens"});
  return used && used->is_number_integer() && *used >= max_tokens;
}

/// Why a body is no answer.
std::string what_it_is(std::string_view body) {
  if (trimmed(body).empty()) return "empty";
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

Answer read_answer(std::string_view given, std::int64_t max_tokens) {
  std::optional<std::string> unpacked;  // packed without being asked, and without saying so
  if (is_gzipped(given)) unpacked = gunzip(given, most_unpacked_bytes);
  const std::string_view body = unpacked ? *unpacked : given;
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
  const Spoken spoken = without_thoughts(content);
  std::string caption = single_spaced(spoken.answer);
  const bool cut = is_cut(answer, choice, max_tokens);
  if (cut && !caption.empty())
    return {.problem = "the caption was cut for want of tokens; give more with --max-tokens",
            .may_change = false};
  if (caption.empty() && (cut || spoken.thoughts_are_cut))
    return {.problem =
                "the model used up its tokens before a caption, perhaps in thought; "
                "give it more with --max-tokens",
            .may_change = false};
  if (caption.empty() && (spoken.with_thoughts || has_thoughts(*message)))
    return {.problem = "the model wrote thoughts and no caption; perhaps it needs more tokens (--max-tokens)",
            .may_change = false};
  if (caption.empty()) return {.problem = "the answer is empty"};
  if (is_refusal(caption)) return {.problem = "the model refused: " + on_one_line(caption, 200)};
  return {.caption = std::move(caption)};
}

}  // namespace ilk::vision_chat
