#include "vision_chat.h"

#include <ilk/sha256.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "../io/base64.h"
#include "strings.h"

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

/// At most `length` bytes of `text` on one line, what is not text left out.
std::string on_one_line(std::string_view text, std::size_t length) {
  std::string line;
  for (const char byte : single_spaced(text))
    if (static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7F) line += byte;
  if (line.size() <= length) return is_utf8(line) ? line : "";
  line.resize(length);
  while (!line.empty() && !is_utf8(line) && line.size() + 4 > length) line.pop_back();
  return is_utf8(line) ? line + "…" : "";
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
  std::ostringstream parts;
  parts << "ilk caption 1\n"
        << options.prompt << "\n"
        << options.image_edge << " " << options.max_tokens << " " << options.temperature;
  return sha256_hex(parts.str()).substr(0, 16);
}

Answer read_answer(std::string_view body) {
  const json answer = json::parse(body, nullptr, false);
  if (answer.is_discarded()) return {.problem = "the answer is not JSON"};
  const json* choices = find(answer, {"choices"});
  if (!choices || !choices->is_array() || choices->empty()) {
    const std::string said = read_refusal(body, "");
    return {.problem = "the answer has no choices" +
                       (find(answer, {"error"}) && !said.empty() ? ": " + said : std::string())};
  }
  const json& choice = (*choices)[0];
  const json* message = find(choice, {"message"});
  if (!message) return {.problem = "the answer's first choice has no message"};
  if (const std::string refusal = text_at(*message, {"refusal"}); !refusal.empty())
    return {.problem = "the model refused: " + on_one_line(refusal, 200)};
  if (text_at(choice, {"finish_reason"}) == "content_filter")
    return {.problem = "the answer was filtered out"};
  const std::string content = content_of(*message);
  std::string caption = single_spaced(without_thoughts(content));
  if (caption.empty()) return {.problem = "the answer is empty"};
  if (is_refusal(caption)) return {.problem = "the model refused: " + on_one_line(caption, 200)};
  return {.caption = std::move(caption)};
}

std::string read_refusal(std::string_view body, const std::string& key) {
  const json answer = json::parse(body, nullptr, false);
  std::string text;
  if (answer.is_discarded()) text = body;
  for (const auto& keys : std::initializer_list<std::initializer_list<const char*>>{
           {"error", "message"}, {"error"}, {"message"}, {"detail"}})
    if (text.empty() && answer.is_object()) text = text_at(answer, keys);
  if (!key.empty())
    for (auto at = text.find(key); at != std::string::npos; at = text.find(key))
      text.replace(at, key.size(), "…");
  return on_one_line(text, 200);
}

}  // namespace ilk::vision_chat
