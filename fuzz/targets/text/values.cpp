// Values of options.
#include <ilk/cluster_count.h>

#include "../../fuzz_target.h"
#include "core/memory_size.h"
#include "io/glob.h"

ILK_FUZZ(memory_size) {
  ilk::memory_size_text(ilk::parse_memory_size(bytes, "fuzz", "memory"));
}

ILK_FUZZ(cluster_numbers) {
  if (const auto count = ilk::ClusterCount::parse(bytes)) count->text();
}

ILK_FUZZ(braces) {
  if (bytes.size() > 64) return;
  ilk::expand_braces(std::string(bytes));
}
