// What tokenizers are made of.

#include "../../fuzz_target.h"
#include "encoders/clip_tokenizer.h"
#include "encoders/wordpiece.h"

namespace {
constexpr const char* text = "A photo of two cats, 3 DOGS and a naïve café\xff — 鳥!";
}

ILK_FUZZ(clip_tokenizer) {
  const auto file = fuzz_file("clip/tokenizer.json", bytes);
  ilk::ClipTokenizer(file.parent_path()).encode(text, 16);
}

/// vocab.json, merges.txt.
ILK_FUZZ(clip_merges) {
  const auto parts = fuzz_parts(bytes, 2);
  const auto file = fuzz_file("merges/vocab.json", parts[0]);
  fuzz_file("merges/merges.txt", parts[1]);
  ilk::ClipTokenizer(file.parent_path()).encode(text, 16);
}

/// tokenizer.json, tokenizer_config.json.
ILK_FUZZ(wordpiece) {
  const auto parts = fuzz_parts(bytes, 2);
  const auto file = fuzz_file("bert/tokenizer.json", parts[0]);
  fuzz_file("bert/tokenizer_config.json", parts[1].empty() ? "{}" : parts[1]);
  ilk::WordPieceTokenizer(file.parent_path()).encode(text, 16);
}

ILK_FUZZ(wordpiece_list) {
  const auto file = fuzz_file("bert-list/vocab.txt", bytes);
  ilk::WordPieceTokenizer(file.parent_path()).encode(text, 16);
}
