#include <ilk/error.h>

namespace ilk {

Error::Error(std::string_view function, std::string_view rule)
    : std::runtime_error("[" + std::string(function) + "] " + std::string(rule)), function_(function) {}

}  // namespace ilk
