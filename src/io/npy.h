#pragma once
#include <ilk/array.h>

#include <cstdint>
#include <string>
#include <vector>

#include "byte_source.h"

namespace ilk::internal {

/// What stands at the head of a NumPy array file.
struct NpyHeader {
  ElementType type;
  std::vector<std::int64_t> shape;
  bool columns_first = false;    ///< Fortran order: the first index runs fastest
  std::uint64_t data_begin = 0;  ///< bytes before the first element
};

/// Reads and checks a header of version 1, 2 or 3 (NEP 1; the dictionary has descr, fortran_order and shape)
/// against the size of the source. Throws Error naming `place` and the rule.
NpyHeader read_npy_header(ByteSource& source, const std::string& place);

}  // namespace ilk::internal
