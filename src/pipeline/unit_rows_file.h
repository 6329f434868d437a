#pragma once
#include <ilk/array.h>
#include <ilk/progress.h>

#include <string_view>

namespace ilk {

/// Throws Error unless the array can be the features that `what` names: a matrix of floating-point numbers
/// with at least one row and one column.
void require_features(const ArrayFile& file, std::string_view what);

/// The whole matrix (rows, D) as float32, each row scaled to unit length, read and scaled a few rows at a
/// time. Throws Error naming the first row that is zero or holds NaN or infinity.
Matrix<float> read_unit_rows(const ArrayFile& file, std::string_view what, const Progress& progress);

}  // namespace ilk
