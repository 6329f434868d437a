#pragma once
// What the target_*.cpp files include before they begin to compile for their target.
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/philox.h"
#include "kernels/kernels.h"

namespace ilk::kernels {
// Each is null where it was not compiled in.
extern const Kernels* const plain_kernels;
extern const Kernels* const avx2_kernels;
extern const Kernels* const avx512_kernels;
extern const Kernels* const neon_kernels;
extern const Kernels* const neon_dotprod_kernels;
}  // namespace ilk::kernels
