#pragma once
// The WordNet of tests/data/wordnet/tiny.
#include <ilk/wordnet.h>

#include <filesystem>

inline const ilk::WordNet& tiny() {
  static const ilk::WordNet wordnet(std::filesystem::path(ILK_TEST_DATA) / "wordnet" / "tiny");
  return wordnet;
}
