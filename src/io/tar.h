#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace ilk::internal {

/// A regular file inside a tar archive.
struct TarMember {
  std::string name;
  std::uint64_t offset = 0, size = 0;  ///< of its bytes in the archive
};

/// Reads up to bytes.size() bytes from `offset` on, and returns how many there were.
using TarBytes = std::function<std::size_t(std::uint64_t offset, std::span<std::byte> bytes)>;

/// Whether these first bytes of a file are a member's header. The oldest ones, of before POSIX, are told by
/// their checksum.
bool begins_as_tar(std::string_view head);

/// Calls `member` for each regular file of an archive (POSIX ustar and pax, GNU's long names), in order.
/// Links, folders and the like are passed over. Throws Error naming `path` and rule for an archive that is
/// cut (an end mark must be there) or damaged.
void walk_tar(const std::filesystem::path& path, const TarBytes& bytes,
              const std::function<void(const TarMember&)>& member);

/// Writes the regular files of an archive, gzipped or not, below `folder`, each atomically. Names that would
/// lead out of the folder are an Error.
void unpack_tar(const std::filesystem::path& archive, const std::filesystem::path& folder);

}  // namespace ilk::internal
