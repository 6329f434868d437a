#pragma once
// NumPy's arrays as ilk's matrices and back, neither with a copy.
#include <ilk/matrix.h>
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ilk::python {

namespace nb = nanobind;

/// Arrays whose numbers may be read where they are. Python has brought them to this type and to rows that are
/// dense (ilk._arrays); rows themselves may be apart.
using Floats = nb::ndarray<const float, nb::ndim<2>, nb::device::cpu>;
using Doubles = nb::ndarray<const double, nb::ndim<2>, nb::device::cpu>;
using Whole = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::device::cpu, nb::c_contig>;
using FloatVector = nb::ndarray<const float, nb::ndim<1>, nb::device::cpu, nb::c_contig>;
using DoubleVector = nb::ndarray<const double, nb::ndim<1>, nb::device::cpu, nb::c_contig>;

/// Throws TypeError where the numbers of a row are apart.
template <class T, class... Rules>
MatrixView<T> view_of(const nb::ndarray<T, Rules...>& array) {
  const auto rows = static_cast<std::int64_t>(array.shape(0)),
             columns = static_cast<std::int64_t>(array.shape(1));
  if (columns > 1 && rows > 0 && array.stride(1) != 1)
    throw nb::type_error("the numbers of a row must follow each other.");
  return {array.data(), rows, columns, rows > 1 ? array.stride(0) : columns};
}
template <class T, class... Rules>
std::span<T> span_of(const nb::ndarray<T, Rules...>& array) {
  return {array.data(), array.shape(0)};
}
template <class T, class... Rules>
std::vector<std::remove_const_t<T>> vector_of(const nb::ndarray<T, Rules...>& array) {
  const auto all = span_of(array);
  return {all.begin(), all.end()};
}

/// What goes out: arrays that own their numbers.
template <class T>
using NumpyMatrix = nb::ndarray<nb::numpy, T, nb::ndim<2>>;
template <class T>
using NumpyVector = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

/// The array takes the numbers over and frees them when Python lets go of it.
template <class T>
NumpyMatrix<T> to_numpy(Matrix<T> matrix) {
  auto* owned = new Matrix<T>(std::move(matrix));
  nb::capsule owner(owned, [](void* pointer) noexcept { delete static_cast<Matrix<T>*>(pointer); });
  return NumpyMatrix<T>(owned->data(),
                        {static_cast<std::size_t>(owned->rows()), static_cast<std::size_t>(owned->columns())},
                        owner);
}
template <class T>
NumpyVector<T> to_numpy(std::vector<T> values) {
  auto* owned = new std::vector<T>(std::move(values));
  nb::capsule owner(owned, [](void* pointer) noexcept { delete static_cast<std::vector<T>*>(pointer); });
  return NumpyVector<T>(owned->data(), {owned->size()}, owner);
}

/// Puts a result together, field by field; Python makes a dataclass of it.
class Fields {
 public:
  template <class T>
  Fields& add(const char* name, T&& value) {
    fields_[name] = nb::cast(std::forward<T>(value));
    return *this;
  }
  Fields& add(const char* name, nb::object value) {
    fields_[name] = std::move(value);
    return *this;
  }
  nb::dict take() { return std::move(fields_); }

 private:
  nb::dict fields_;
};

}  // namespace ilk::python
