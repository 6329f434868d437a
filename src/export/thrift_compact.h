#pragma once
// Thrift's compact protocol, as far as Parquet's footer needs it
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// Writes structs field by field; ids within a struct must ascend.
class ThriftWriter {
 public:
  void integer32(int id, std::int64_t value) { number(id, 5, value); }
  void integer64(int id, std::int64_t value) { number(id, 6, value); }
  void text(int id, std::string_view value) {
    header(id, binary);
    put_text(value);
  }
  /// A struct whose fields `write` writes.
  template <class Write>
  void structure(int id, Write&& write) {
    header(id, struct_type);
    element(write);
  }
  /// A list of structs: write(i) writes the fields of the i-th.
  template <class Write>
  void structures(int id, std::size_t count, Write&& write) {
    header(id, list);
    list_header(count, struct_type);
    for (std::size_t i = 0; i < count; ++i) element([&] { write(i); });
  }
  void integers(int id, const std::vector<std::int64_t>& values) {
    header(id, list);
    list_header(values.size(), 5);
    for (const auto value : values) zigzag(value);
  }
  void texts(int id, const std::vector<std::string>& values) {
    header(id, list);
    list_header(values.size(), binary);
    for (const auto& value : values) put_text(value);
  }
  /// Ends the outermost struct; what was written.
  std::string take() {
    bytes_ += '\0';
    return std::move(bytes_);
  }

 private:
  static constexpr int binary = 8, list = 9, struct_type = 12;

  void header(int id, int type) {
    bytes_ += static_cast<char>((id - last_) << 4 | type);
    last_ = id;
  }
  void number(int id, int type, std::int64_t value) {
    header(id, type);
    zigzag(value);
  }
  void list_header(std::size_t count, int type) {
    if (count < 15) {
      bytes_ += static_cast<char>(count << 4 | static_cast<std::size_t>(type));
    } else {
      bytes_ += static_cast<char>(0xF0 | type);
      varint(count);
    }
  }
  template <class Write>
  void element(Write&& write) {
    const int outer = last_;
    last_ = 0;
    write();
    bytes_ += '\0';
    last_ = outer;
  }
  void put_text(std::string_view value) {
    varint(value.size());
    bytes_ += value;
  }
  void zigzag(std::int64_t value) {
    varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
  int last_ = 0;
};

}  // namespace ilk
