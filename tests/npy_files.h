#pragma once
#include <ilk/files.h>
#include <torch/types.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>

/// Writes a tensor as NumPy does (version 1), in C order or with columns first.
inline void write_npy(const std::filesystem::path& path, const torch::Tensor& tensor,
                      bool columns_first = false) {
  static const std::map<torch::ScalarType, const char*> names{{torch::kFloat16, "<f2"},
                                                              {torch::kFloat32, "<f4"},
                                                              {torch::kFloat64, "<f8"},
                                                              {torch::kInt32, "<i4"},
                                                              {torch::kInt64, "<i8"}};
  std::ostringstream dictionary;
  dictionary << "{'descr': '" << names.at(tensor.scalar_type())
             << "', 'fortran_order': " << (columns_first ? "True" : "False") << ", 'shape': (";
  for (const std::int64_t length : tensor.sizes()) dictionary << length << ", ";
  dictionary << "), }";
  std::string header = dictionary.str();
  header.resize((header.size() + 10 + 64) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  std::string bytes = "\x93NUMPY\x01";
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 255);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  const torch::Tensor dense = (columns_first ? tensor.t() : tensor).contiguous();
  bytes.append(static_cast<const char*>(dense.data_ptr()), dense.nbytes());
  ilk::write_file_atomically(path, bytes);
}
