#include <ilk/error.h>

namespace ilk {

Error::Error(std::string_view function, std::string_view text)
    : std::runtime_error("[" + std::string(function) + "] " + std::string(text)),
      function_(function),
      text_(text) {}

std::string text_of(const std::exception& exception) {
  const auto* error = dynamic_cast<const Error*>(&exception);
  return error ? error->text() : exception.what();
}

}  // namespace ilk
