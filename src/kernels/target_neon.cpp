#include "kernels/targets.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define ILK_NEON 1
namespace ilk::kernels {
namespace {
#include "kernels/loops/table.h"
}  // namespace
const Kernels* const neon_kernels = &table;
}  // namespace ilk::kernels
#else
namespace ilk::kernels {
const Kernels* const neon_kernels = nullptr;
}  // namespace ilk::kernels
#endif
