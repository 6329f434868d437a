// embed_texts MODEL TEXTS IDS EMBEDDINGS: what tests/data/sentence_bert/compare_with_transformers.py runs.
// TEXTS holds texts, each after its length in bytes (int32); IDS gets each text's number of ids and the ids
// (int32), EMBEDDINGS the rows (float32).

#include <chrono>
#include <cstdio>
#include <cstring>

#include "encoders/sentence_bert.h"
#include "io/files.h"

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const ilk::SentenceBert encoder(argv[1], ilk::Precision::fp32);
  const std::string bytes = ilk::read_file(argv[2]);
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < bytes.size();) {
    std::int32_t length = 0;
    std::memcpy(&length, bytes.data() + at, 4);
    texts.push_back(bytes.substr(at + 4, static_cast<std::size_t>(length)));
    at += 4 + static_cast<std::size_t>(length);
  }
  std::string ids;
  const auto append = [&](std::int32_t value) { ids.append(reinterpret_cast<const char*>(&value), 4); };
  for (const std::string& text : texts) {
    const auto row = encoder.tokenizer().encode(text, encoder.longest());
    append(static_cast<std::int32_t>(row.size()));
    for (const std::int32_t id : row) append(id);
  }
  ilk::write_file_atomically(argv[3], ids);
  if (std::string(argv[4]) == "-") return 0;
  const auto begin = std::chrono::steady_clock::now();
  const ilk::Matrix<float> rows = encoder.encode_texts(texts);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%zu texts in %.2f s\n", texts.size(), seconds);
  ilk::write_file_atomically(argv[4], {reinterpret_cast<const char*>(rows.data()),
                                       static_cast<std::size_t>(rows.size()) * sizeof(float)});
}
