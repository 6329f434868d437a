#pragma once
// Arrays of any element type and number of dimensions, as files hold them. Dense, row-major.
#include <ilk/matrix.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

namespace internal {
class ByteSource;
}

/// IEEE half precision and bfloat16, as bits.
struct Float16 {
  std::uint16_t bits;
};
struct BFloat16 {
  std::uint16_t bits;
};
float to_float(Float16 value);
inline float to_float(BFloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}
/// To the nearest, ties to even; NaN stays NaN.
Float16 to_float16(float value);
BFloat16 to_bfloat16(float value);

enum class ElementType { f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean };
std::int64_t size_of(ElementType type);
/// As NumPy calls it: "float32"; "bfloat16" is none of its own.
std::string_view name_of(ElementType type);
bool is_floating(ElementType type);

template <class T>
inline constexpr ElementType element_type_of = [] {
  using U = std::remove_const_t<T>;
  if constexpr (std::is_same_v<U, double>) return ElementType::f64;
  if constexpr (std::is_same_v<U, float>) return ElementType::f32;
  if constexpr (std::is_same_v<U, Float16>) return ElementType::f16;
  if constexpr (std::is_same_v<U, BFloat16>) return ElementType::bf16;
  if constexpr (std::is_same_v<U, std::int64_t>) return ElementType::i64;
  if constexpr (std::is_same_v<U, std::int32_t>) return ElementType::i32;
  if constexpr (std::is_same_v<U, std::int16_t>) return ElementType::i16;
  if constexpr (std::is_same_v<U, std::int8_t>) return ElementType::i8;
  if constexpr (std::is_same_v<U, std::uint64_t>) return ElementType::u64;
  if constexpr (std::is_same_v<U, std::uint32_t>) return ElementType::u32;
  if constexpr (std::is_same_v<U, std::uint16_t>) return ElementType::u16;
  if constexpr (std::is_same_v<U, std::uint8_t>) return ElementType::u8;
  if constexpr (std::is_same_v<U, bool>) return ElementType::boolean;
}();

/// Somebody else's array, dense: what is written to files. A scalar has an empty shape.
struct ArrayView {
  ElementType type = ElementType::f32;
  std::vector<std::int64_t> shape;
  const std::byte* bytes = nullptr;

  ArrayView() = default;
  ArrayView(ElementType type, std::vector<std::int64_t> shape, const void* bytes)
      : type(type), shape(std::move(shape)), bytes(static_cast<const std::byte*>(bytes)) {}
  template <class T>
  ArrayView(const Matrix<T>& matrix)
      : ArrayView(element_type_of<T>, {matrix.rows(), matrix.columns()}, matrix.data()) {}
  /// Of a view that is dense.
  template <class T>
  ArrayView(MatrixView<T> matrix)
      : ArrayView(element_type_of<T>, {matrix.rows(), matrix.columns()}, matrix.data()) {}
  template <class T>
  ArrayView(const std::vector<T>& values)
      : ArrayView(element_type_of<T>, {static_cast<std::int64_t>(values.size())}, values.data()) {}

  std::int64_t count() const;  ///< of elements
  std::int64_t size_bytes() const { return count() * size_of(type); }
};

/// An array that owns its elements.
class Array {
 public:
  Array() = default;
  /// Elements are not initialised.
  Array(ElementType type, std::vector<std::int64_t> shape);
  /// A copy.
  explicit Array(const ArrayView& view);
  /// A float32 matrix becomes an array without a copy.
  explicit Array(Matrix<float> matrix);

  ElementType type() const { return type_; }
  const std::vector<std::int64_t>& shape() const { return shape_; }
  std::int64_t dimensions() const { return static_cast<std::int64_t>(shape_.size()); }
  std::int64_t count() const;
  std::int64_t size_bytes() const { return count() * size_of(type_); }
  std::byte* bytes() { return bytes_.data(); }
  const std::byte* bytes() const { return bytes_.data(); }
  ArrayView view() const { return {type_, shape_, bytes()}; }

  /// The elements, row after row; T must be the element type.
  template <class T>
  std::span<T> values() {
    check_type(element_type_of<T>);
    return {reinterpret_cast<T*>(bytes()), static_cast<std::size_t>(count())};
  }
  template <class T>
  std::span<const T> values() const {
    check_type(element_type_of<T>);
    return {reinterpret_cast<const T*>(bytes()), static_cast<std::size_t>(count())};
  }

  /// Elements of any type converted.
  std::vector<double> to_doubles() const;
  std::vector<float> to_floats() const;
  /// Floating-point numbers are cut towards 0. Throws Error naming the first that is NaN or that no int64
  /// holds.
  std::vector<std::int64_t> to_integers() const;
  /// As a matrix of float32: (shape[0], all other dimensions); one dimension is a row. Without a copy where
  /// the elements are float32 already.
  Matrix<float> to_matrix() &&;
  Matrix<float> to_matrix() const&;

 private:
  void check_type(ElementType type) const;
  ElementType type_ = ElementType::f32;
  std::vector<std::int64_t> shape_;
  Matrix<std::byte> bytes_;  // one row
};

using NamedArrays = std::vector<std::pair<std::string, Array>>;
using NamedArrayViews = std::vector<std::pair<std::string, ArrayView>>;

/// One array of numbers in a file, read a few rows at a time: `X.npy`, `X.npz:name` (stored or deflated) or
/// `X.safetensors:name`. Where a file holds one array its name may be left out. The format is told by
/// content.
///
/// The constructor reads the header alone and checks it against the file; it throws Error naming place and
/// rule for a file that is cut or damaged, an unknown format, a name that is missing, and a type that is none
/// of float16, bfloat16, float32, float64, bool or an integer, little-endian.
class ArrayFile {
 public:
  explicit ArrayFile(const std::string& place);
  ~ArrayFile();
  ArrayFile(ArrayFile&&) noexcept;
  ArrayFile& operator=(ArrayFile&&) noexcept;

  /// Whether the place, with or without a name, is a file that begins like one of the formats.
  static bool recognises(const std::string& place);

  const std::string& place() const { return place_; }  ///< as it was given
  ElementType type() const { return type_; }
  std::string type_name() const;  ///< as NumPy calls it: "float32"
  const std::vector<std::int64_t>& shape() const { return shape_; }
  /// Whether rows should be asked for in ascending order by one thread (a deflated member); else any order
  /// and several threads will do.
  bool in_order_only() const;
  /// Rows [begin, end) of the first dimension, of the type stored, dense. Throws Error for a file that was
  /// cut since it was opened, and for packed bytes that are damaged.
  Array rows(std::int64_t begin, std::int64_t end) const;

 private:
  std::string place_;
  std::unique_ptr<internal::ByteSource> source_;
  ElementType type_ = ElementType::f32;
  std::vector<std::int64_t> shape_;
  bool columns_first_ = false;
  std::uint64_t data_begin_ = 0;
};

/// The texts of a NumPy array of one dimension (or a single column) of dtype U or S, as UTF-8; none where the
/// place holds numbers. Throws Error as ArrayFile does, and for another shape and for code points that do not
/// exist.
std::optional<std::vector<std::string>> read_text_array(const std::string& place);

}  // namespace ilk
