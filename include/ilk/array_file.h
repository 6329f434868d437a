#pragma once
#include <ilk/array.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ilk {

namespace internal {
class ByteSource;
}

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
