#include "encoders/byte_pair_merger.h"

#include <algorithm>
#include <functional>
#include <queue>

#include "encoders/tokenizer_text.h"

namespace ilk {
namespace {

/// Byte-level vocabularies write each byte as a visible character: itself if it is one, else one from U+0100
/// on, in order.
std::array<std::string, 256> visible_bytes() {
  std::array<std::string, 256> characters;
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool visible = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    const char32_t character = visible ? byte : next++;
    characters[byte] = encode_utf8({&character, 1});
  }
  return characters;
}

}  // namespace

BytePairMerger::BytePairMerger(const TokenizerVocabulary& vocabulary) : merges_(vocabulary.merges) {
  const auto id = [&](const std::string& token) {
    const auto found = vocabulary.ids.find(token);
    return found != vocabulary.ids.end() ? found->second : vocabulary.unknown.value_or(-1);
  };
  const std::array<std::string, 256> characters = visible_bytes();
  for (std::size_t byte = 0; byte < 256; ++byte) {
    inner_[byte] = id(characters[byte]);
    last_[byte] = id(characters[byte] + "</w>");
  }
}

void BytePairMerger::append(const std::string& word, std::vector<std::int32_t>& ids) {
  if (word.size() > longest_kept_word) {
    const std::vector<std::int32_t> merged = merge(word);
    ids.insert(ids.end(), merged.begin(), merged.end());
    return;
  }
  Shard& shard = shards_[std::hash<std::string>{}(word) % shards_.size()];
  {
    const std::lock_guard lock(shard.mutex);
    if (const auto found = shard.words.find(word); found != shard.words.end()) {
      ids.insert(ids.end(), found->second.begin(), found->second.end());
      return;
    }
  }
  std::vector<std::int32_t> merged = merge(word);
  ids.insert(ids.end(), merged.begin(), merged.end());
  const std::lock_guard lock(shard.mutex);
  if (shard.words.size() < words_per_shard) shard.words.emplace(word, std::move(merged));
}

std::vector<std::int32_t> BytePairMerger::merge(const std::string& word) const {
  struct Symbol {
    std::int32_t id;
    std::ptrdiff_t previous, next;  // -1: none
  };
  struct Candidate {
    std::int32_t rank;
    std::ptrdiff_t left;
    std::int32_t merged;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    const std::int32_t id = (i + 1 < word.size() ? inner_ : last_)[static_cast<unsigned char>(word[i])];
    if (id < 0) continue;
    const auto place = static_cast<std::ptrdiff_t>(symbols.size());
    symbols.push_back({id, place - 1, place + 1});
  }
  if (symbols.empty()) return {};
  symbols.back().next = -1;

  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto offer = [&](std::ptrdiff_t left) {
    if (left < 0 || symbols[left].next < 0) return;
    const auto found =
        merges_.find(TokenizerVocabulary::pair(symbols[left].id, symbols[symbols[left].next].id));
    if (found != merges_.end()) candidates.push({found->second.rank, left, found->second.merged});
  };
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) offer(static_cast<std::ptrdiff_t>(i));
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    Symbol& left = symbols[best.left];
    // An earlier merge may have taken either side; -1 marks a symbol that was merged into the one before.
    if (left.id < 0 || left.next < 0) continue;
    const auto found = merges_.find(TokenizerVocabulary::pair(left.id, symbols[left.next].id));
    if (found == merges_.end() || found->second.rank != best.rank) continue;
    Symbol& right = symbols[left.next];
    left.id = best.merged;
    left.next = right.next;
    if (right.next >= 0) symbols[right.next].previous = best.left;
    right.id = -1;
    offer(left.previous);
    offer(best.left);
  }
  std::vector<std::int32_t> ids;
  for (const Symbol& symbol : symbols)
    if (symbol.id >= 0) ids.push_back(symbol.id);
  return ids;
}

}  // namespace ilk
