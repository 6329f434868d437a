#pragma once
#include <string>
#include <string_view>

namespace ilk::http {

/// What a server says of an error in the body that comes with it, for people: short, on one line, without
/// `secret`. JSON's "error", "message" or "detail", else the text; nothing of a web page.
std::string refusal_text(std::string_view body, const std::string& secret);

}  // namespace ilk::http
