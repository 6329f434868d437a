#pragma once
// Loops that are compiled twice, for AVX2 and for every processor; which one runs is decided when the program
// does. Without fused multiplication, so that both give the same to the last bit.

#if defined(__GNUC__)
#define ILK_INLINE inline __attribute__((always_inline))
#else
#define ILK_INLINE inline
#endif

// ILK_TWICE(result, NAME, (parameters), (arguments)), in namespace ilk::internal after an ILK_INLINE function
// NAME_loop, defines the function NAME.
#if defined(__x86_64__) && defined(__GNUC__)
namespace ilk::internal {
inline bool wide_registers() {
  static const bool found = __builtin_cpu_supports("avx2");
  return found;
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
#define ILK_TWICE(result, name, parameters, arguments) \
  result name parameters {                             \
    return name##_loop arguments;                      \
  }
#endif
