#include "kernels/targets.h"

#if defined(__SSE2__)
#include <emmintrin.h>  // every x86-64 has it
#endif

#define ILK_PLAIN 1
namespace ilk::kernels {
namespace {
#include "kernels/loops/table.h"
}  // namespace
const Kernels* const plain_kernels = &table;
}  // namespace ilk::kernels
