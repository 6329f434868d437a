#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// BERT's tokenizer (Devlin et al. 2019; WordPiece: Wu et al. 2016, section 4.1), from a Hugging Face
/// directory: tokenizer.json or vocab.txt, with tokenizer_config.json where it is present. A text is cleaned
/// of control characters, set apart at ideographs, freed of accents and lower-cased as the files ask, cut at
/// white space and punctuation, and each word into the longest pieces of the vocabulary; a word that cannot
/// be, or of more than 100 characters, is the unknown token. Ids equal those of transformers'
/// BertTokenizerFast and MPNetTokenizerFast, except for characters newer than either side's Unicode tables
/// (it has those of 2015). Bytes that are not UTF-8 become U+FFFD, which is dropped. Thread-safe.
class WordPieceTokenizer {
 public:
  /// Throws Error naming the file and the rule where it is missing or not of the format.
  explicit WordPieceTokenizer(const std::filesystem::path& model_directory);
  ~WordPieceTokenizer();
  WordPieceTokenizer(WordPieceTokenizer&&) noexcept;

  /// Ids with start and end token, at most `longest` of them: a longer text is cut and still ends with the
  /// end token.
  std::vector<std::int32_t> encode(std::string_view text, std::int64_t longest) const;

  std::int32_t start_token() const;  ///< [CLS] or `<s>`
  std::int32_t end_token() const;    ///< [SEP] or `</s>`
  /// One more than the largest id.
  std::int32_t vocabulary_size() const;
  bool lower_cases() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ilk
