#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace ilk {

/// What the tokenizer's files say: tokens, merges and the tokens that are cut out of a text before it is
/// merged.
struct TokenizerVocabulary {
  struct Merge {
    std::int32_t rank;
    std::int32_t merged;
  };
  struct AddedToken {
    std::string content;
    std::int32_t id;
    bool in_cleaned_text;  ///< looked for after cleaning rather than before
  };

  std::unordered_map<std::string, std::int32_t> ids;
  std::unordered_map<std::uint64_t, Merge> merges;  ///< by pair()
  std::vector<AddedToken> added;
  std::optional<std::int32_t>
      unknown;  ///< stands for a byte without a token; without it such a byte is dropped
  std::int32_t start = 0, end = 0;
  std::int32_t size = 0;  ///< one more than the largest id

  static std::uint64_t pair(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
           static_cast<std::uint32_t>(right);
  }
};

/// Reads tokenizer.json, or else vocab.json and merges.txt. Throws Error naming the file and the rule.
TokenizerVocabulary read_tokenizer_vocabulary(const std::filesystem::path& directory);

}  // namespace ilk
