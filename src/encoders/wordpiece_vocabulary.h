#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

namespace ilk {

/// What the files of BERT's tokenizer say.
struct WordPieceVocabulary {
  struct AddedToken {
    std::string content;
    std::int32_t id;
    bool in_cleaned_text;  ///< looked for after cleaning rather than before
  };

  std::unordered_map<std::string, std::int32_t> ids;
  std::vector<AddedToken> added;  ///< cut out of a text before it is cut into words
  std::string continuation = "##";
  std::int64_t longest_word = 100;  ///< characters
  bool clean = true, separate_ideographs = true, strip_accents = true, lower_case = true;
  std::int32_t start = 0, end = 0, unknown = 0;
  std::int32_t size = 0;  ///< one more than the largest id
};

/// Reads tokenizer.json, or else vocab.txt; tokenizer_config.json goes before what the former says of case
/// and accents, as in the reference. Throws Error naming the file and the rule.
WordPieceVocabulary read_wordpiece_vocabulary(const std::filesystem::path& directory);

}  // namespace ilk
