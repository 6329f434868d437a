#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// Texts to be encoded, each once, in the order first met.
struct Corpus {
  std::string source;               ///< where from, for the manifest ("WordNet 3.0", a path)
  std::vector<std::string> texts;
  std::string sha256;               ///< of the texts
};

/// Texts trimmed, without empty and repeated ones. Throws Error where nothing is left.
Corpus make_corpus(std::string source, std::vector<std::string> texts);

/// A list of nouns, one a line; lines that begin with # are comments.
Corpus read_nouns(const std::filesystem::path& path);

/// Captions, the format told by content: COCO captions JSON ("annotations" with "caption"); Flickr8k/30k's token file
/// ("1000092795.jpg#0<TAB>caption"); Flickr's CSV (header with a caption or comment column, separated by "," or "|");
/// else one sentence a line. Throws Error naming path, line and rule.
Corpus read_captions(const std::filesystem::path& path);

/// The 7 prompt templates in which each noun is written (docs/methods/cae.md), {} for the noun.
const std::vector<std::string>& default_templates();
/// Templates, one a line; each must hold {} once. Throws Error naming the line.
std::vector<std::string> read_templates(const std::filesystem::path& path);
/// The template with its {} replaced.
std::string fill_template(std::string_view prompt_template, std::string_view noun);

}  // namespace ilk
