#pragma once
#include <ilk/array.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/byte_source.h"

namespace ilk::internal {

/// Texts of one width, as a dtype such as '<U12' or '|S5' says.
struct NpyText {
  std::int64_t letters = 0;         ///< of the longest; shorter ones are filled up with zeros
  std::int64_t bytes_a_letter = 1;  ///< 4: UTF-32; 1: bytes
};

/// What stands at the head of a NumPy array file.
struct NpyHeader {
  ElementType type;             ///< means nothing where there is text
  std::optional<NpyText> text;  ///< none where the elements are numbers
  std::vector<std::int64_t> shape;
  bool columns_first = false;    ///< Fortran order: the first index runs fastest
  std::uint64_t data_begin = 0;  ///< bytes before the first element
};

/// Reads and checks a header of version 1, 2 or 3 (NEP 1; the dictionary has descr, fortran_order and shape)
/// against the size of the source. Throws Error naming `place` and the rule.
NpyHeader read_npy_header(ByteSource& source, const std::string& place);

}  // namespace ilk::internal
