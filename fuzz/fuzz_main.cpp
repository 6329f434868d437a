// libFuzzer's side: ILK_FUZZ_TARGET names the target.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz_target.h"

namespace {
const FuzzTarget* chosen = nullptr;
}

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("ILK_FUZZ_TARGET");
  for (const FuzzTarget& target : fuzz_targets()) {
    if (name && std::strcmp(name, target.name) == 0) chosen = &target;
    if (!name) std::printf("%s\n", target.name);
  }
  if (!name) std::exit(0);  // a list was asked for
  if (!chosen) {
    std::fprintf(stderr, "there is no target %s\n", name);
    std::exit(2);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  run_fuzz_target(*chosen, {reinterpret_cast<const char*>(bytes), size});
  return 0;
}
