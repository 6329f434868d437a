// A plugin of another version of ilk, for gpu_test.
#include "encoders/gpu_plugin.h"

extern "C" const IlkGpuPlugin* ilk_gpu_plugin(void) {
  static const IlkGpuPlugin table{0, nullptr, nullptr, nullptr, nullptr};
  return &table;
}
