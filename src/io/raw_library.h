#pragma once
// The functions of LibRaw that ilk uses. Only for files compiled where its header is there.
#include <libraw/libraw.h>

namespace ilk {

// Each without its prefix libraw_.
// clang-format off
#define ILK_RAW_FUNCTIONS(X) \
  X(close) \
  X(dcraw_clear_mem) \
  X(dcraw_make_mem_thumb) \
  X(init) \
  X(open_buffer) \
  X(strerror) \
  X(unpack_thumb)
// clang-format on

struct RawLibrary {
#define ILK_DECLARE(name) \
  decltype(&::libraw_##name) name;  // NOLINT(bugprone-macro-parentheses): a declaration
  ILK_RAW_FUNCTIONS(ILK_DECLARE)
#undef ILK_DECLARE
};

/// The library, loaded at the first call. Throws Error where it cannot be.
const RawLibrary& libraw();

}  // namespace ilk
