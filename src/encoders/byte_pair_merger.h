#pragma once
#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "encoders/tokenizer_vocabulary.h"

namespace ilk {

/// Merges the bytes of a word into tokens: the pair of lowest rank first, of equals the leftmost.
/// Thread-safe; the words met first are remembered, up to a bound.
class BytePairMerger {
 public:
  explicit BytePairMerger(const TokenizerVocabulary& vocabulary);

  /// Appends the ids of `word` (UTF-8).
  void append(const std::string& word, std::vector<std::int32_t>& ids);

 private:
  std::vector<std::int32_t> merge(const std::string& word) const;

  // Threads meet the same words all the time; with shards they seldom wait for one another.
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, std::vector<std::int32_t>> words;
  };
  static constexpr std::size_t longest_kept_word = 64, words_per_shard = 4096;

  std::unordered_map<std::uint64_t, TokenizerVocabulary::Merge> merges_;
  std::array<std::int32_t, 256> inner_, last_;  // the token of a byte within a word, at its end; -1: none
  std::array<Shard, 64> shards_;
};

}  // namespace ilk
