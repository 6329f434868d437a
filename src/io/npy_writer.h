#pragma once
#include <ilk/array.h>

#include <filesystem>

namespace ilk {

/// Writes an array as a NumPy file (format 1.0, NEP 1), atomically. Throws Error for bfloat16, which NumPy
/// does not have.
void write_npy(const std::filesystem::path& path, const ArrayView& array);

}  // namespace ilk
