#pragma once
// Loops that are compiled twice, for AVX2 and for every processor; which one runs is decided when the program
// does. Without fused multiplication, so that both give the same to the last bit.

#if defined(__GNUC__)
#define ILK_INLINE inline __attribute__((always_inline))
#else
#define ILK_INLINE inline
#endif

namespace ilk::internal {
/// For tests: without the registers of AVX2, as on a machine that has none.
inline bool& without_wide_registers() {
  static bool value = false;
  return value;
}
}  // namespace ilk::internal

// ILK_TWICE(result, NAME, (parameters), (arguments)), in namespace ilk::internal after an ILK_INLINE function
// NAME_loop, defines the function NAME.
#if defined(__x86_64__) && defined(__GNUC__)
#define ILK_HAS_WIDE_REGISTERS 1
#define ILK_AVX2 __attribute__((target("avx2")))
namespace ilk::internal {
inline bool wide_registers() {
  static const bool found = __builtin_cpu_supports("avx2");
  return found && !without_wide_registers();
}
}  // namespace ilk::internal
#define ILK_TWICE(result, name, parameters, arguments)                                        \
  namespace {                                                                                 \
  __attribute__((target("avx2"))) result name##_avx2 parameters {                             \
    return name##_loop arguments;                                                             \
  }                                                                                           \
  }                                                                                           \
  result name parameters {                                                                    \
    return ::ilk::internal::wide_registers() ? name##_avx2 arguments : name##_loop arguments; \
  }
#else
#define ILK_HAS_WIDE_REGISTERS 0
#define ILK_TWICE(result, name, parameters, arguments) \
  result name parameters {                             \
    return name##_loop arguments;                      \
  }
#endif
