#pragma once
#include <ilk/array.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

/// Reads a NumPy file below tests/data that make.py wrote: C order, '<f4', '<f8', '<i8' or '|i1'.
inline ilk::Array npy_fixture(const std::string& name) {
  std::ifstream file(std::string(ILK_TEST_DATA) + "/" + name, std::ios::binary);
  std::stringstream all;
  all << file.rdbuf();
  const std::string bytes = all.str();
  if (bytes.size() < 10 || bytes.compare(1, 5, "NUMPY") != 0) throw std::runtime_error("cannot read " + name);
  const std::size_t header_size =
      static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  const std::string header = bytes.substr(10, header_size);
  const auto type = header.find("'<f4'") != std::string::npos   ? ilk::ElementType::f32
                    : header.find("'<f8'") != std::string::npos ? ilk::ElementType::f64
                    : header.find("'<i8'") != std::string::npos ? ilk::ElementType::i64
                    : header.find("'|i1'") != std::string::npos
                        ? ilk::ElementType::i8
                        : throw std::runtime_error(name + " holds another type: " + header);
  std::vector<std::int64_t> shape;
  std::size_t at = header.find('(') + 1;
  while (header[at] != ')') {
    if (header[at] >= '0' && header[at] <= '9') {
      std::size_t used = 0;
      shape.push_back(std::stoll(header.substr(at), &used));
      at += used;
    } else {
      ++at;
    }
  }
  ilk::Array array(type, shape);
  if (bytes.size() != 10 + header_size + static_cast<std::size_t>(array.size_bytes()))
    throw std::runtime_error(name + " has another length");
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(10 + header_size), bytes.end(),
            reinterpret_cast<char*>(array.bytes()));
  return array;
}

/// The same as a matrix of float32 (one dimension is a row).
inline ilk::Matrix<float> npy_matrix(const std::string& name) {
  return npy_fixture(name).to_matrix();
}
