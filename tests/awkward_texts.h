#pragma once
// The texts of tests/data/tokenizer/make.py, and their digests.

#include <cstdint>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "io/sha256.h"

inline std::string utf8(char32_t c) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | c >> 6), tail(0)};
  return {static_cast<char>(0xE0 | c >> 12), tail(6), tail(0)};
}

inline std::vector<std::string> awkward_texts(const std::vector<std::string>& pieces, std::int64_t count) {
  std::uint64_t state = 1;
  const auto draw = [&](std::uint64_t n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % n;
  };
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < count; ++i) {
    std::string& text = texts.emplace_back();
    for (std::uint64_t left = draw(12); left > 0; --left) {
      const std::uint64_t kind = draw(16);
      if (kind == 0) {
        text += utf8(static_cast<char32_t>(draw(0x3000)));
        continue;
      }
      const std::string& piece = pieces[draw(pieces.size())];
      for (std::uint64_t times = kind == 1 ? 1 + draw(40) : 1; times > 0; --times) text += piece;
    }
  }
  return texts;
}

template <class Ids>
std::string digest(const std::vector<Ids>& lists) {
  ilk::Sha256 hash;
  for (const Ids& ids : lists) {
    std::vector<std::int32_t> numbers{static_cast<std::int32_t>(ids.size())};
    for (const auto id : ids)
      numbers.push_back(static_cast<std::make_unsigned_t<std::decay_t<decltype(id)>>>(id));
    hash.update({reinterpret_cast<const char*>(numbers.data()), numbers.size() * 4});
  }
  return hash.hex();
}

template <class Tokenizer>
std::vector<std::vector<std::int32_t>> encode_all(const Tokenizer& tokenizer,
                                                  const std::vector<std::string>& texts,
                                                  std::int64_t longest) {
  std::vector<std::vector<std::int32_t>> ids(texts.size());
  ilk::parallel_blocks(static_cast<std::int64_t>(texts.size()), 1000,
                       [&](std::int64_t begin, std::int64_t end, std::int64_t) {
                         for (std::int64_t i = begin; i < end; ++i)
                           ids[i] = tokenizer.encode(texts[i], longest);
                       });
  return ids;
}
