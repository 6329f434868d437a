// Values of options.
#include "../../fuzz_target.h"
#include "core/memory_size.h"
#include "io/glob.h"

ILK_FUZZ(memory_size) {
  ilk::memory_size_text(ilk::parse_memory_size(bytes, "fuzz", "memory"));
}

/// A million texts, which the program takes, would be a second here.
ILK_FUZZ(braces) {
  if (bytes.size() > 64) return;
  ilk::expand_braces(std::string(bytes), 1000);
}
