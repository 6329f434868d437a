#include "matrix_product.h"

#include <algorithm>
#include <new>

#include "../core/twice.h"

namespace ilk {
namespace {

// For the registers that every processor of the family has, and for those of AVX2 with FMA.
#define ILK_LOOP inline __attribute__((always_inline))
#define ILK_LOOP_LAMBDA __attribute__((always_inline))
namespace usual {
#include "matrix_loops.h"
}
#undef ILK_LOOP
#undef ILK_LOOP_LAMBDA

#if defined(__x86_64__)
#define ILK_WIDE __attribute__((target("avx2,fma")))
#define ILK_LOOP inline __attribute__((always_inline, target("avx2,fma")))
#define ILK_LOOP_LAMBDA __attribute__((always_inline, target("avx2,fma")))
namespace wide {
#include "matrix_loops.h"
}
bool wide_registers() {
  static const bool fused = __builtin_cpu_supports("fma");
  return fused && internal::wide_registers();
}
#define ILK_FOR_THIS_MACHINE(name, parameters, arguments)             \
  namespace {                                                         \
  ILK_WIDE void name##_wide parameters {                              \
    wide::name arguments;                                             \
  }                                                                   \
  }                                                                   \
  void name parameters {                                              \
    wide_registers() ? name##_wide arguments : usual::name arguments; \
  }
#else
#define ILK_FOR_THIS_MACHINE(name, parameters, arguments) \
  void name parameters {                                  \
    usual::name arguments;                                \
  }
#endif

constexpr std::int64_t panel = PackedMatrix::panel;

}  // namespace

ILK_FOR_THIS_MACHINE(multiply,
                     (const float* x, std::int64_t x_stride, std::int64_t m, const PackedMatrix& a,
                      const float* bias, float* y, std::int64_t y_stride, bool add),
                     (x, x_stride, m, a, bias, y, y_stride, add))
ILK_FOR_THIS_MACHINE(quick_gelu, (float* x, std::int64_t n), (x, n))
ILK_FOR_THIS_MACHINE(softmax,
                     (float* scores, std::int64_t stride, std::int64_t m, std::int64_t n, float scale,
                      const float* bias),
                     (scores, stride, m, n, scale, bias))
ILK_FOR_THIS_MACHINE(mix_rows,
                     (const float* query, const float* keys, const float* values, std::int64_t width,
                      std::int64_t heads, const std::int64_t* places, std::int64_t length, float scale,
                      float* scores, float* mixed),
                     (query, keys, values, width, heads, places, length, scale, scores, mixed))

PackedMatrix::PackedMatrix(std::int64_t rows, std::int64_t columns) : rows_(rows), columns_(columns) {
  const std::int64_t size = (columns + panel - 1) / panel * panel * rows;
  constexpr std::align_val_t alignment{64};
  const auto free = [](float* values) { ::operator delete[](values, std::align_val_t{64}); };
  values_ = std::shared_ptr<float[]>(
      static_cast<float*>(::operator new[](static_cast<std::size_t>(size) * sizeof(float), alignment)), free);
  std::fill_n(values_.get(), size, 0.0f);
}

PackedMatrix::PackedMatrix(const torch::Tensor& weight) : PackedMatrix(weight.size(1), weight.size(0)) {
  const torch::Tensor dense = weight.contiguous();
  set_columns(dense.data_ptr<float>(), weight.size(1));
}

void PackedMatrix::set_columns(const float* values, std::int64_t stride) {
  for (std::int64_t j = 0; j < columns_; ++j) {
    float* to = values_.get() + j / panel * panel * rows_ + j % panel;
    for (std::int64_t i = 0; i < rows_; ++i) to[i * panel] = values[j * stride + i];
  }
}

void PackedMatrix::set_rows(const float* values, std::int64_t stride) {
  for (std::int64_t j = 0; j < columns_; j += panel) {
    const std::int64_t count = std::min(panel, columns_ - j);
    float* to = values_.get() + j * rows_;
    for (std::int64_t i = 0; i < rows_; ++i) std::copy_n(values + i * stride + j, count, to + i * panel);
  }
}

}  // namespace ilk
