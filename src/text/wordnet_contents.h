#pragma once
// What stands behind WordNet: both files and where in them everything is.
#include <ilk/wordnet.h>

#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {
namespace internal {

/// A part of a list that holds those of all synsets.
struct ListPart {
  std::size_t begin = 0, count = 0;
  template <class Item>
  std::span<const Item> of(const std::vector<Item>& all) const {
    return {all.data() + begin, count};
  }
};

/// The lists of all synsets.
struct SynsetLists {
  std::vector<std::string_view> texts;
  std::vector<std::int64_t> hypernym_offsets;
  std::deque<std::string> joined_definitions;
};

/// What a synset's line says besides what Synset holds.
struct SynsetLine {
  std::int64_t number = 0;
  ListPart lemmas, examples, hypernyms;
};

class WordNetReader;

}  // namespace internal

struct WordNet::Contents {
  struct Noun {
    std::string_view key;        // lower case, spaces
    std::string_view spelling;   // as its most frequent sense has it
    internal::ListPart synsets;  // of uses, most frequent first
    std::int64_t n_tagged = 0;   // the first so many occur in tagged texts
  };

  explicit Contents(const std::filesystem::path& directory);
  // Synsets and nouns point into it.
  Contents(const Contents&) = delete;
  Contents& operator=(const Contents&) = delete;

  const Noun* find(std::string_view noun) const;

  std::string data, index;  // the files, with spaces for underscores
  internal::SynsetLists lists;
  std::vector<std::int32_t> hypernyms, uses;  // synsets
  std::vector<Synset> synsets;
  std::vector<Noun> nouns;  // in index.noun's order

 private:
  void read_data(const std::filesystem::path& file);
  void read_index(const std::filesystem::path& file);
  void read_noun(internal::WordNetReader& reader);
  void make_places();
  std::int32_t synset_at(std::int64_t offset) const;
  std::size_t slot_of(std::string_view key) const;
  void require_all_words_known() const;

  std::filesystem::path data_file_;
  std::vector<internal::SynsetLine> lines_;
  // The first synset at or after each 128th byte of the file: they are about two hundred bytes long.
  std::vector<std::int32_t> places_;
  std::vector<std::int32_t> slots_;  // of nouns by the hash of their keys, -1: free
};

}  // namespace ilk
