#include "io/npy_writer.h"

#include <bit>

#include "core/fail.h"
#include "io/files.h"

namespace ilk {
namespace {

static_assert(std::endian::native == std::endian::little, "The descriptors below are little-endian.");

/// "<f4"
std::string descriptor_of(ElementType type) {
  require(type != ElementType::bf16, "write_npy", "NumPy has no bfloat16.");
  const char kind = is_floating(type)                                     ? 'f'
                    : type == ElementType::boolean                        ? 'b'
                    : name_of(type).substr(0, 1) == std::string_view("u") ? 'u'
                                                                          : 'i';
  return std::string(size_of(type) == 1 ? "|" : "<") + kind + std::to_string(size_of(type));
}

}  // namespace

void write_npy(const std::filesystem::path& path, const ArrayView& array) {
  std::string shape;
  for (const std::int64_t length : array.shape) shape += std::to_string(length) + ", ";
  if (array.shape.size() > 1) shape.resize(shape.size() - 2);
  if (array.shape.size() == 1) shape.pop_back();
  std::string header =
      "{'descr': '" + descriptor_of(array.type) + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // The whole head is a multiple of 64 bytes, with a line's end at its end.
  constexpr std::size_t before = 10, alignment = 64;
  header.append(alignment - 1 - (before + header.size()) % alignment, ' ');
  header += '\n';
  AtomicFile file(path);
  std::string head("\x93NUMPY\x01\x00", 8);
  head += static_cast<char>(header.size() & 0xFF);
  head += static_cast<char>(header.size() >> 8);
  file.write(head + header);
  file.write({reinterpret_cast<const char*>(array.bytes), static_cast<std::size_t>(array.size_bytes())});
  file.commit();
}

}  // namespace ilk
