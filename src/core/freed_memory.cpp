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
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(numbers.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(numbers.data() + numbers.size()) / page * page;
  // Where the system does not, they stay until they are freed.
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace ilk
