#pragma once
#include <ilk/skipped_file.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace ilk {

struct ImageFile;

struct ImageList {
  std::vector<std::string>
      paths;  ///< in stable order, each file once; as the user wrote them, joined with what was found below
  std::vector<SkippedFile> skipped;
  /// The bytes of the image at a place of `paths` where these are names and no files (Dataset::read); empty:
  /// they are files.
  std::function<ImageFile(std::int64_t)> read;
};

/// Collects candidate files from `inputs`: a folder (walked recursively, links to folders followed, a folder
/// that was already visited is a "link loop"), a file, or a glob pattern (*, ?, [...], ** across folders,
/// {000..099}, {a,b}; a path that exists is never taken for a pattern). `listed` are paths that a program
/// wrote down (read_input_list): no patterns, and one that is gone by now is skipped as "vanished".
///
/// The order is: inputs as given, then `listed`, each once, sorted by path bytes as what lies below a folder.
/// Each file comes once: a second path to it is a "duplicate path", and a link gives way to the file itself
/// where both lie below one folder. Whether a file is an image is decided later, by its content, not its
/// name. Files whose name begins with a dot, and folders so named, are not looked at unless given directly.
/// Throws Error for an input that does not exist or a pattern that matches nothing.
ImageList list_images(const std::vector<std::string>& inputs, const std::vector<std::string>& listed = {});

/// Reads inputs from a stream: one a line, or separated by NUL bytes where there are any (as find -print0
/// writes); UTF-16 with a byte-order mark is taken, too. Throws Error naming `place` for what is no such
/// list, such as UTF-16 without the mark.
std::vector<std::string> read_input_list(std::istream& stream, const std::string& place = "the list");
/// The same from a file.
std::vector<std::string> read_input_list(const std::filesystem::path& path);

}  // namespace ilk
