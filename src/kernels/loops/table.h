// Included once by each target_*.cpp, inside its own unnamed namespace: all loops, and the table of them.
// In the order of use.
// clang-format off
#include "kernels/loops/base.h"
#include "kernels/loops/dot.h"
#include "kernels/loops/sums.h"
#include "kernels/loops/search.h"
#include "kernels/loops/bounds.h"
#include "kernels/loops/exp.h"
#include "kernels/loops/activations.h"
#include "kernels/loops/bfloat16.h"
#include "kernels/loops/product_f32.h"
#include "kernels/loops/quantise_i16.h"
#include "kernels/loops/product_i16.h"
#include "kernels/loops/bounded_i16.h"
#include "kernels/loops/depthwise.h"
#include "kernels/loops/quantise_rows.h"
#include "kernels/loops/byte_product_tiles.h"
#include "kernels/loops/byte_product_strips.h"
#include "kernels/loops/repulsion.h"
// clang-format on

#if defined(ILK_AVX512)
constexpr Target this_target = Target::avx512;
#elif defined(ILK_AVX2)
constexpr Target this_target = Target::avx2;
#elif defined(ILK_NEON_DOTPROD)
constexpr Target this_target = Target::neon_dotprod;
#elif defined(ILK_NEON)
constexpr Target this_target = Target::neon;
#else
constexpr Target this_target = Target::plain;
#endif

constexpr Kernels table{
    .target = this_target,
    .dot_f64 = dot_f64,
    .dot_mixed = dot_mixed,
    .dot_f32 = dot_f32,
    .half_squared_distance = half_squared_distance,
    .add_rounded = add_rounded,
    .subtract_rounded = subtract_rounded,
    .add_row = add_row,
    .add_four_rows = add_four_rows,
    .add_scaled = add_scaled,
    .scale = scale,
    .multiply_elements = multiply_elements,
    .sum = sum,
    .sum_of_squares = sum_of_squares,
    .top_two = top_two,
    .group_tops = group_tops,
    .not_below = not_below,
    .highest = highest,
    .spend = spend,
    .distances_of = distances_of,
    .add_gains = add_gains,
    .prefer = prefer,
    .exponentiate = exponentiate,
    .add = add_elements,
    .quick_gelu = quick_gelu,
    .gelu = gelu,
    .softmax = softmax,
    .mix_rows = mix_rows,
    .layer_norm = layer_norm,
    .round_to_bf16 = round_to_bf16,
    .add_bf16 = add_bf16,
    .multiply_f32 = multiply_f32,
    .quantise_i16 = quantise_i16,
    .multiply_i16 = multiply_i16,
    .quantise_bounded_i16 = quantise_bounded_i16,
    .round_bounded_i16 = round_bounded_i16,
    .multiply_bounded_i16 = multiply_bounded_i16,
    .multiply_rectified_i16 = multiply_rectified_i16,
    .depthwise_f32 = depthwise_f32,
    .depthwise_i16 = depthwise_i16,
    .limit = limit,
    .spread_of_row = spread_of_row,
    .round_row_to_8 = round_row_to_8,
    .round_row_to_16 = round_row_to_16,
    .multiply_tiles_of_8 = multiply_tiles_of_8,
    .multiply_tiles_of_16 = multiply_tiles_of_16,
    .multiply_strip_of_16 = multiply_strip_of_16,
    .dot_of_8 = dot_of_8,
    .dot_of_16 = dot_of_16,
    .repel = repel,
};
