#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// CLIP's byte-level byte-pair encoding (Radford et al. 2021), from a Hugging Face directory: tokenizer.json,
/// or vocab.json with merges.txt. Text is cleaned as the reference does (NFC, white space, lower case), cut
/// by the reference's pattern, merged, and wrapped in start and end tokens. Ids equal those of transformers'
/// CLIPTokenizerFast, except that letters newer than either side's Unicode tables may be told from symbols by
/// one only. Bytes that are not UTF-8 become U+FFFD. Thread-safe.
class ClipTokenizer {
 public:
  /// Throws Error naming the file and the rule where it is missing or not of the format.
  explicit ClipTokenizer(const std::filesystem::path& model_directory);
  ~ClipTokenizer();
  ClipTokenizer(ClipTokenizer&&) noexcept;

  /// Ids with start and end token, at most `context_length` of them: a longer text is cut and still ends with
  /// the end token.
  std::vector<std::int32_t> encode(std::string_view text, std::int64_t context_length) const;

  std::int32_t start_token() const;
  std::int32_t end_token() const;
  /// One more than the largest id.
  std::int32_t vocabulary_size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ilk
