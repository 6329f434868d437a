#include <ilk/array.h>

#include <cmath>
#include <cstring>
#include <utility>

#include "core/fail.h"

namespace ilk {
namespace {

std::int64_t product_of(const std::vector<std::int64_t>& shape) {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

/// Calls visit(pointer to the elements).
template <class Visit>
void visit_elements(ElementType type, const std::byte* bytes, Visit visit) {
  const auto as = [&]<class T>(T) { visit(reinterpret_cast<const T*>(bytes)); };
  switch (type) {
    case ElementType::f64:
      return as(double{});
    case ElementType::f32:
      return as(float{});
    case ElementType::f16:
      return as(Float16{});
    case ElementType::bf16:
      return as(BFloat16{});
    case ElementType::i64:
      return as(std::int64_t{});
    case ElementType::i32:
      return as(std::int32_t{});
    case ElementType::i16:
      return as(std::int16_t{});
    case ElementType::i8:
      return as(std::int8_t{});
    case ElementType::u64:
      return as(std::uint64_t{});
    case ElementType::u32:
      return as(std::uint32_t{});
    case ElementType::u16:
      return as(std::uint16_t{});
    case ElementType::u8:
    case ElementType::boolean:
      return as(std::uint8_t{});
  }
}

template <class T>
auto number(T value) {
  return value;
}
float number(Float16 value) {
  return to_float(value);
}
float number(BFloat16 value) {
  return to_float(value);
}

template <class To>
void convert(ElementType type, const std::byte* bytes, std::int64_t count, To* to) {
  visit_elements(type, bytes, [&](const auto* from) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<To>(number(from[i]));
  });
}

}  // namespace

float to_float(Float16 value) {
  const std::uint32_t sign = static_cast<std::uint32_t>(value.bits & 0x8000u) << 16;
  const std::uint32_t exponent = value.bits >> 10 & 31u, fraction = value.bits & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | fraction << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float small = static_cast<float>(fraction) * 0x1p-24f;
  return sign != 0 ? -small : small;
}

Float16 to_float16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  const float size = std::fabs(value);
  if (std::isnan(value)) return {static_cast<std::uint16_t>(sign | 0x7E00u)};
  if (size >= 65520.0f) return {static_cast<std::uint16_t>(sign | 0x7C00u)};
  if (size < 0x1p-14f)  // subnormal: adding 2^-1 leaves the rounded multiple of 2^-24 in the last bits
    return {static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(size + 0.5f) - 0x3F000000u))};
  const std::uint32_t rounded = (bits & 0x7FFFFFFFu) + 0xFFFu + (bits >> 13 & 1u) - (112u << 23);
  return {static_cast<std::uint16_t>(sign | rounded >> 13)};
}

BFloat16 to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return {static_cast<std::uint16_t>(bits >> 16 | 0x40u)};
  return {static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16)};
}

std::int64_t size_of(ElementType type) {
  switch (type) {
    case ElementType::f64:
    case ElementType::i64:
    case ElementType::u64:
      return 8;
    case ElementType::f32:
    case ElementType::i32:
    case ElementType::u32:
      return 4;
    case ElementType::f16:
    case ElementType::bf16:
    case ElementType::i16:
    case ElementType::u16:
      return 2;
    case ElementType::i8:
    case ElementType::u8:
    case ElementType::boolean:
      return 1;
  }
  return 1;
}

std::string_view name_of(ElementType type) {
  constexpr std::string_view names[] = {"float64", "float32", "float16", "bfloat16", "int64",
                                        "int32",   "int16",   "int8",    "uint64",   "uint32",
                                        "uint16",  "uint8",   "bool"};
  return names[static_cast<std::size_t>(type)];
}

bool is_floating(ElementType type) {
  return type == ElementType::f64 || type == ElementType::f32 || type == ElementType::f16 ||
         type == ElementType::bf16;
}

std::int64_t ArrayView::count() const {
  return product_of(shape);
}

Array::Array(ElementType type, std::vector<std::int64_t> shape)
    : type_(type),
      shape_(std::move(shape)),
      bytes_(Matrix<std::byte>::uninitialised(1, product_of(shape_) * size_of(type))) {}

Array::Array(const ArrayView& view) : Array(view.type, view.shape) {
  if (view.count() > 0) std::memcpy(bytes(), view.bytes, static_cast<std::size_t>(view.size_bytes()));
}

Array::Array(Matrix<float> matrix) : type_(ElementType::f32), shape_({matrix.rows(), matrix.columns()}) {
  const std::int64_t size = matrix.size() * size_of(type_);
  bytes_ = std::move(matrix).reinterpreted<std::byte>(1, size);
}

std::int64_t Array::count() const {
  return product_of(shape_);
}

void Array::check_type(ElementType type) const {
  require(type == type_, "Array", "holds ", name_of(type_), ", not ", name_of(type), ".");
}

std::vector<double> Array::to_doubles() const {
  std::vector<double> values(static_cast<std::size_t>(count()));
  convert(type_, bytes(), count(), values.data());
  return values;
}

std::vector<float> Array::to_floats() const {
  std::vector<float> values(static_cast<std::size_t>(count()));
  convert(type_, bytes(), count(), values.data());
  return values;
}

std::vector<std::int64_t> Array::to_integers() const {
  std::vector<std::int64_t> values(static_cast<std::size_t>(count()));
  visit_elements(type_, bytes(), [&](const auto* from) {
    for (std::int64_t i = 0; i < count(); ++i) {
      const auto value = number(from[i]);
      using Value = std::remove_const_t<decltype(value)>;
      bool fits = true;
      if constexpr (std::is_floating_point_v<Value>)
        fits = value >= -0x1p63 && value < 0x1p63;  // NaN is neither
      else
        fits = std::in_range<std::int64_t>(value);
      require(fits, "Array", "element ", i, " must be a whole number of 64 bits, got ", value, ".");
      // An int8 is a number here. NOLINTNEXTLINE(bugprone-signed-char-misuse)
      values[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(value);
    }
  });
  return values;
}

Matrix<float> Array::to_matrix() && {
  const std::int64_t rows = dimensions() > 1 ? shape_.front() : 1, columns = rows > 0 ? count() / rows : 0;
  if (type_ == ElementType::f32) return std::move(bytes_).reinterpreted<float>(rows, columns);
  return std::as_const(*this).to_matrix();
}

Matrix<float> Array::to_matrix() const& {
  const std::int64_t rows = dimensions() > 1 ? shape_.front() : 1, columns = rows > 0 ? count() / rows : 0;
  auto matrix = Matrix<float>::uninitialised(rows, columns);
  convert(type_, bytes(), count(), matrix.data());
  return matrix;
}

}  // namespace ilk
