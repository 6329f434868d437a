#include "kernels/targets.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define ILK_AVX2 1
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace ilk::kernels {
namespace {
#include "kernels/loops/table.h"
}  // namespace
const Kernels* const avx2_kernels = &table;
}  // namespace ilk::kernels
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#else
namespace ilk::kernels {
const Kernels* const avx2_kernels = nullptr;
}  // namespace ilk::kernels
#endif
