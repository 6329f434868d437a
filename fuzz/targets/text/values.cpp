// Values of options.
#include <ilk/memory_size.h>

#include "../../../src/io/glob.h"
#include "../../fuzz_target.h"

ILK_FUZZ(memory_size) {
  ilk::memory_size_text(ilk::parse_memory_size(bytes, "fuzz", "memory"));
}

ILK_FUZZ(braces) {
  if (bytes.size() > 64) return;
  ilk::expand_braces(std::string(bytes));
}
