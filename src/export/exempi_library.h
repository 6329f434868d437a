#pragma once
// The functions of Exempi that ilk uses. Only for files compiled where its header is there.
#include <exempi/xmp.h>

namespace ilk {

// Each without its prefix xmp_.
// clang-format off
#define ILK_EXEMPI_FUNCTIONS(X) \
  X(append_array_item) \
  X(delete_property) \
  X(free) \
  X(get_array_item) \
  X(get_error) \
  X(get_property) \
  X(has_property) \
  X(init) \
  X(new_empty) \
  X(parse) \
  X(register_namespace) \
  X(serialize) \
  X(set_property) \
  X(string_cstr) \
  X(string_free) \
  X(string_new)
// clang-format on

struct ExempiLibrary {
#define ILK_DECLARE(name) decltype(&::xmp_##name) name;  // NOLINT(bugprone-macro-parentheses): a declaration
  ILK_EXEMPI_FUNCTIONS(ILK_DECLARE)
#undef ILK_DECLARE
};

/// The library, loaded and started at the first call. Throws Error where it cannot be.
const ExempiLibrary& exempi();

}  // namespace ilk
