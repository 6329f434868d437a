#pragma once
// N images.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "text/corpus.h"

namespace ilk {

/// Texts that describe single images: one for an image, or none.
struct ImageCaptions {
  Corpus corpus;  ///< the distinct texts, in the order of the images that have them first
  std::vector<std::int64_t>
      of_image;  ///< (N): the place of the image's text in `corpus`, −1 where it has none

  std::int64_t missing = 0;  ///< images without a text
  std::string first_missing;
  std::int64_t repeated = 0;  ///< texts that did not count because an image had another
  std::string first_repeated;
  std::int64_t unknown = 0;  ///< paths of the source that are none of the images'
  std::string first_unknown;
  std::vector<std::string> problems;  ///< what could not be used, a sentence each, naming file and line
};

/// Reads the texts of `images` (paths as list_images gives them) from `source`:
/// - a folder: each `.txt` below it is the text of the images of its name (`dog.txt` or `dog.jpg.txt` for
///   `dog.jpg`), so that the images' own folder serves for texts beside them;
/// - a file that begins with {: JSON lines, an object each, as `ilk caption` writes them; the path is in
///   "path", "file_name", "filename", "file", "image_path" or "image", the text in "caption", "text",
///   "description" or "captions" (a list of texts is read as one);
/// - else a table, divided by , ; tabs or |: a first row that names columns so, or two columns, path and
/// text.
///
/// A path means the image that has it, as it is written or from the source's folder; failing both, the image
/// whose path ends as it does, with the same folders and file name as far back as possible, where only one
/// image and only one such path of the source do. Of several texts for an image the last counts, but a whole
/// path goes before an ending. A text of nothing but white space is none.
///
/// A line that cannot be used is listed in `problems`, also a last line that was cut while it was written.
/// Throws Error naming path and rule where no image has a text, and for what is not of these forms at all.
ImageCaptions read_image_captions(const std::filesystem::path& source,
                                  const std::vector<std::string>& images);

}  // namespace ilk
