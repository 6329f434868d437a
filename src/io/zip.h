#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/byte_source.h"
#include "io/files.h"

namespace ilk::internal {

/// A file inside a ZIP archive.
struct ZipMember {
  std::string name;
  bool deflated = false;     ///< else stored as it is
  std::uint64_t header = 0;  ///< where its own header begins
  std::uint64_t packed = 0;  ///< bytes in the archive
  std::uint64_t size = 0;    ///< bytes unpacked
  std::uint32_t crc = 0;     ///< of the unpacked bytes
};

/// What the archive's directory lists (APPNOTE 6.3, with ZIP64). Throws Error naming file and rule for an
/// archive that is cut, damaged, encrypted, in several parts or packed in another way than deflate.
std::vector<ZipMember> zip_members(const InputFile& file);

/// The member's bytes. A deflated one is unpacked as it is read, in order; its checksum is looked at when the
/// end is reached.
std::unique_ptr<ByteSource> open_member(std::shared_ptr<const InputFile> file, const ZipMember& member);

/// A part of a file as it is.
std::unique_ptr<ByteSource> open_part(std::shared_ptr<const InputFile> file, std::uint64_t begin,
                                      std::uint64_t end);

}  // namespace ilk::internal
