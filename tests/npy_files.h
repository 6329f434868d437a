#pragma once
#include <ilk/array.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>

#include "io/files.h"

/// Writes an array as NumPy does (version 1), in C order or, a matrix, with columns first.
inline void write_npy(const std::filesystem::path& path, const ilk::ArrayView& array,
                      bool columns_first = false) {
  using ilk::ElementType;
  static const std::map<ElementType, const char*> names{{ElementType::f16, "<f2"}, {ElementType::f32, "<f4"},
                                                        {ElementType::f64, "<f8"}, {ElementType::i32, "<i4"},
                                                        {ElementType::i64, "<i8"}, {ElementType::u8, "|u1"}};
  std::ostringstream dictionary;
  dictionary << "{'descr': '" << names.at(array.type)
             << "', 'fortran_order': " << (columns_first ? "True" : "False") << ", 'shape': (";
  for (const std::int64_t length : array.shape) dictionary << length << ", ";
  dictionary << "), }";
  std::string header = dictionary.str();
  header.resize((header.size() + 10 + 64) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  std::string bytes = "\x93NUMPY\x01";
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 255);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  const auto* elements = reinterpret_cast<const char*>(array.bytes);
  if (!columns_first) {
    bytes.append(elements, static_cast<std::size_t>(array.size_bytes()));
  } else {
    const auto size = static_cast<std::size_t>(size_of(array.type));
    const auto rows = static_cast<std::size_t>(array.shape.at(0)),
               columns = static_cast<std::size_t>(array.shape.at(1));
    for (std::size_t j = 0; j < columns; ++j)
      for (std::size_t i = 0; i < rows; ++i) bytes.append(elements + (i * columns + j) * size, size);
  }
  ilk::write_file_atomically(path, bytes);
}

/// The matrix in numbers of another type.
template <class T>
ilk::Matrix<T> converted(ilk::MatrixView<const float> matrix) {
  auto result = ilk::Matrix<T>::uninitialised(matrix.rows(), matrix.columns());
  for (std::int64_t i = 0; i < matrix.rows(); ++i)
    for (std::int64_t j = 0; j < matrix.columns(); ++j) {
      if constexpr (std::is_same_v<T, ilk::Float16>)
        result[i][j] = ilk::to_float16(matrix[i][j]);
      else
        result[i][j] = static_cast<T>(matrix[i][j]);
    }
  return result;
}
