#pragma once
// What is asked of rows before they are computed with.
#include <ilk/matrix.h>

#include <string_view>

namespace ilk {

/// Throws Error("[function] …") unless `matrix` is a (rows ≥ 1, columns ≥ 1) matrix with finite rows
/// of unit length to 1e-3. `what` names it in the text ("embeddings").
void require_unit_rows(MatrixView<const float> matrix, std::string_view function, std::string_view what);

/// The same for rows of any length, whose coordinates must be finite and at most 1e15.
void require_finite_rows(MatrixView<const float> matrix, std::string_view function, std::string_view what);

}  // namespace ilk
