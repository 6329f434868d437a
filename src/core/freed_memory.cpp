#include "core/freed_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ilk {

void return_freed_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

void return_used_memory(std::span<float> numbers) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const auto bytes = std::as_writable_bytes(numbers);
  const std::size_t before_first = (page - reinterpret_cast<std::uintptr_t>(bytes.data()) % page) % page;
  if (before_first >= bytes.size()) return;
  // Where the system does not, they stay until they are freed.
  madvise(bytes.data() + before_first, (bytes.size() - before_first) / page * page, MADV_DONTNEED);
}

}  // namespace ilk
