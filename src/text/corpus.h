#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// Texts to be encoded, each once, in the order first met.
struct Corpus {
  std::string source;  ///< where from, for the manifest ("WordNet 3.0", a path)
  std::vector<std::string> texts;
  std::vector<std::string> notes;  ///< of nouns, where their file has any: a note for each text, or ""
  std::string sha256;              ///< of the texts, each followed by a line's end
  std::int64_t given = 0;          ///< texts that were not empty, repeated ones counted
  std::vector<std::int64_t> rows;  ///< which of those each text is, from 0
};

/// Texts trimmed, white space within them made single spaces, without empty and repeated ones. Throws Error
/// where nothing is left, and for a text that is not UTF-8.
Corpus make_corpus(std::string source, std::vector<std::string> texts);

/// A list of nouns, one a line; lines that begin with # are comments, and what follows a tab is a note,
/// WordNet's definition of the sense that is meant. Where there is no such file, "fish,dog,castle" is the
/// list itself. As all readers here it takes a byte-order mark, UTF-16 that has one, and CRLF, and throws
/// Error naming path and line for what is no text.
Corpus read_nouns(const std::filesystem::path& path);

/// Captions, the format told by content:
/// - begins with {: COCO captions JSON ("annotations" with "caption");
/// - first line "1000092795.jpg#0<TAB>caption": Flickr8k/30k's token file, all lines of that form;
/// - first line names a caption or comment column and one of images, files or ids, separated by "," ";" "|"
///   or tabs: Flickr's CSV, with a value for every column in each row (Flickr30k's one row without its last
///   "|" is understood);
/// - else one sentence a line.
/// Throws Error naming path, line and rule.
Corpus read_captions(const std::filesystem::path& path);

/// The 7 prompt templates in which each noun is written (docs/methods/cae.md), {} for the noun.
const std::vector<std::string>& default_templates();
/// Templates, one a line, lines that begin with # being comments; each must hold {} once. Throws Error naming
/// path and line.
std::vector<std::string> read_templates(const std::filesystem::path& path);
/// The template with its {} replaced.
std::string fill_template(std::string_view prompt_template, std::string_view noun);

}  // namespace ilk
