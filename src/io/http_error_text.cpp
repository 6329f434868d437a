#include "io/http_error_text.h"

#include <nlohmann/json.hpp>

#include "io/foreign_content.h"
#include "io/strings.h"

namespace ilk::http {
namespace {

using nlohmann::json;

std::string text_at(const json& value, std::initializer_list<const char*> keys) {
  const json* found = &value;
  for (const char* key : keys) {
    if (!found->is_object() || !found->contains(key)) return "";
    found = &(*found)[key];
    // A list of what is wrong with a request, as FastAPI has it.
    if (found->is_array() && !found->empty()) found = &found->front();
  }
  return found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::string refusal_text(std::string_view body, const std::string& secret) {
  const json answer = json::parse(body, nullptr, false);
  std::string text;
  if (answer.is_discarded() && foreign_content(body).empty()) text = body;
  for (const auto& keys : std::initializer_list<std::initializer_list<const char*>>{
           {"error", "message"}, {"error"}, {"message"}, {"detail"}, {"detail", "msg"}})
    if (text.empty()) text = text_at(answer, keys);
  if (!secret.empty())
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret))
      text.replace(at, secret.size(), "…");
  text = on_one_line(text, 200);
  if (text.ends_with('.') && !text.ends_with("..")) text.pop_back();  // it becomes a part of a sentence
  return text;
}

}  // namespace ilk::http
