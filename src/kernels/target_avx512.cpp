#include "kernels/targets.h"

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own intrinsics hand registers on that it takes for uninitialised (gcc bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#define ILK_AVX512 1
#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#endif
namespace ilk::kernels {
namespace {
#include "kernels/loops/table.h"
}  // namespace
const Kernels* const avx512_kernels = &table;
}  // namespace ilk::kernels
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#else
namespace ilk::kernels {
const Kernels* const avx512_kernels = nullptr;
}  // namespace ilk::kernels
#endif
