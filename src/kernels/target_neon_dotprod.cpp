#include "kernels/targets.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define ILK_NEON 1
#define ILK_NEON_DOTPROD 1
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif
namespace ilk::kernels {
namespace {
#include "kernels/loops/table.h"
}  // namespace
const Kernels* const neon_dotprod_kernels = &table;
}  // namespace ilk::kernels
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#else
namespace ilk::kernels {
const Kernels* const neon_dotprod_kernels = nullptr;
}  // namespace ilk::kernels
#endif
