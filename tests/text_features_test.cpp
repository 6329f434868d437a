#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "encoders/clip.h"
#include "encoders/text_features.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "io/sha256.h"
#include "made_models.h"
#include "temporary_directory.h"

namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

const ilk::Clip& tiny() {
  static const ilk::Clip clip(fs::path(ILK_TEST_DATA) / "tiny_clip");
  return clip;
}

ilk::Corpus numbers(int count) {
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) texts.push_back("thing " + std::to_string(i));
  return ilk::make_corpus("numbers", texts);
}

/// The files below `folder`, spans' ones included.
std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  return files;
}

void add(ilk::Matrix<float>& sum, const ilk::Matrix<float>& row) {
  for (std::int64_t i = 0; i < sum.size(); ++i) sum.data()[i] += row.data()[i];
}

std::string digest_of(ilk::MatrixView<const float> matrix) {
  return ilk::sha256_hex({reinterpret_cast<const char*>(matrix.data()),
                          static_cast<std::size_t>(matrix.size()) * sizeof(float)});
}

TEST(TextFeatures, AreTheNormalisedMeansOfThePromptsEmbeddings) {
  const ilk::Corpus corpus =
      ilk::make_corpus("few", {"dog", "red apple", "tree", "supercalifragilistic house boat"});
  const std::vector<std::string>& templates = ilk::default_templates();
  const ilk::TextFeatures embedded = ilk::embed_corpus(tiny(), corpus, templates, {}, "nouns");
  EXPECT_FALSE(embedded.from_cache);
  EXPECT_EQ(embedded.notice, "");
  ASSERT_EQ(embedded.features.rows(), 4);
  ASSERT_EQ(embedded.features.columns(), tiny().width());
  for (std::int64_t i = 0; i < 4; ++i) {
    ilk::Matrix<float> sum(1, tiny().width());
    for (const std::string& prompt : templates)
      add(sum, tiny().encode_texts({ilk::fill_template(prompt, corpus.texts[i])}));
    EXPECT_LT(largest_difference(embedded.features.rows_between(i, i + 1), unit_rows(std::move(sum))), 1e-6)
        << corpus.texts[i];
  }
  const ilk::TextFeatures plain = ilk::embed_corpus(tiny(), corpus, {}, {}, "captions");
  EXPECT_LT(largest_difference(plain.features, tiny().encode_texts(corpus.texts)), 1e-6);
  // A template given twice weighs twice.
  const ilk::TextFeatures twice = ilk::embed_corpus(tiny(), corpus, {"a {}.", "a {}.", "{}"}, {}, "nouns");
  ilk::Matrix<float> sum = tiny().encode_texts({"dog"});
  for (int i = 0; i < 2; ++i) add(sum, tiny().encode_texts({"a dog."}));
  EXPECT_LT(largest_difference(twice.features.rows_between(0, 1), unit_rows(std::move(sum))), 1e-6);
}

TEST(TextFeatures, ComeFromTheCacheBitForBit) {
  const TemporaryDirectory cache;
  const ilk::Corpus corpus = numbers(300);
  const std::vector<std::string> templates{"a {}.", "the {}"};
  const ilk::TextFeatures fresh = ilk::embed_corpus(tiny(), corpus, templates, cache.path(), "nouns");
  const ilk::TextFeatures kept = ilk::embed_corpus(tiny(), corpus, templates, cache.path(), "nouns");
  EXPECT_FALSE(fresh.from_cache);
  EXPECT_TRUE(kept.from_cache);
  EXPECT_TRUE(equal(fresh.features, kept.features));
  EXPECT_TRUE(equal(ilk::embed_corpus(tiny(), corpus, templates, {}, "nouns").features, kept.features));
  EXPECT_EQ(files_below(cache.path()).size(), 1u);
  // Other templates, another corpus: other files.
  EXPECT_FALSE(ilk::embed_corpus(tiny(), corpus, {"a {}."}, cache.path(), "nouns").from_cache);
  EXPECT_FALSE(ilk::embed_corpus(tiny(), corpus, {}, cache.path(), "nouns").from_cache);
  EXPECT_FALSE(ilk::embed_corpus(tiny(), numbers(299), templates, cache.path(), "nouns").from_cache);
  EXPECT_EQ(files_below(cache.path()).size(), 4u);
  // Another precision: another file.
  const ilk::Clip in_fp32(tiny().directory(), ilk::Precision::fp32);
  const ilk::TextFeatures other = ilk::embed_corpus(in_fp32, corpus, templates, cache.path(), "nouns");
  EXPECT_FALSE(other.from_cache);
  EXPECT_FALSE(equal(other.features, kept.features));
  EXPECT_GT(lowest_cosine(other.features, kept.features), 0.99999);
  EXPECT_EQ(files_below(cache.path()).size(), 5u);
  EXPECT_TRUE(ilk::embed_corpus(in_fp32, corpus, templates, cache.path(), "nouns").from_cache);
}

TEST(TextFeatures, ADamagedCacheIsRebuiltAndReported) {
  const TemporaryDirectory cache;
  const ilk::Corpus corpus = numbers(20);
  const ilk::Matrix<float> expected =
      ilk::embed_corpus(tiny(), corpus, {}, cache.path(), "captions").features;
  const fs::path path = files_below(cache.path()).at(0);
  const std::string whole = ilk::read_file(path);
  const ilk::SafetensorsFile file(path);
  const auto metadata = file.metadata();

  std::vector<std::string> damaged{"", whole.substr(0, whole.size() - 1), whole};
  damaged.back()[whole.size() - 2] ^= 1;  // one bit of one number
  const auto written = [&](ilk::MatrixView<const float> features, bool true_digest,
                           const std::string& model) {
    auto changed = metadata;
    if (true_digest) changed["sha256"] = digest_of(features);
    if (!model.empty()) changed["model"] = model;
    ilk::write_safetensors(path, {{"features", features}}, changed);
    return ilk::read_file(path);
  };
  damaged.push_back(written(expected.rows_between(0, 19), true, ""));
  damaged.push_back(written(ilk::Matrix<float>::filled(20, tiny().width(), NAN), true, ""));
  ilk::Matrix<float> other = expected.copy();
  std::ranges::reverse(other.flat());
  damaged.push_back(written(other, false, ""));
  damaged.push_back(written(expected, true, "another"));
  for (std::size_t i = 0; i < damaged.size(); ++i) {
    ilk::write_file_atomically(path, damaged[i]);
    const ilk::TextFeatures rebuilt = ilk::embed_corpus(tiny(), corpus, {}, cache.path(), "captions");
    EXPECT_FALSE(rebuilt.from_cache) << i;
    EXPECT_THAT(rebuilt.notice, HasSubstr("damaged")) << i;
    EXPECT_THAT(rebuilt.notice, HasSubstr(path.filename().string())) << i;
    EXPECT_TRUE(equal(rebuilt.features, expected)) << i;
    EXPECT_TRUE(ilk::embed_corpus(tiny(), corpus, {}, cache.path(), "captions").from_cache) << i;
  }
}

TEST(TextFeatures, ACacheThatCannotBeWrittenIsNoReasonToLoseTheFeatures) {
  const TemporaryDirectory directory;
  const fs::path file = directory.path() / "a file";
  ilk::write_file_atomically(file, "in the way");
  const ilk::TextFeatures embedded = ilk::embed_corpus(tiny(), numbers(3), {}, file, "captions");
  EXPECT_EQ(embedded.features.rows(), 3);
  EXPECT_THAT(embedded.notice, HasSubstr("could not be kept"));
}

/// Counts, and asks for a stop once `limit` texts are done.
class Counter : public ilk::Progress {
 public:
  explicit Counter(std::int64_t limit) : limit_(limit) {}
  void start(std::string_view, std::int64_t total, std::string_view) override { this->total = total; }
  void advance(std::int64_t count) override { done += count; }
  bool stop_requested() const override { return done >= limit_; }
  std::int64_t total = 0, done = 0;

 private:
  std::int64_t limit_;
};

TEST(TextFeatures, AStoppedRunGoesOnWhereItStopped) {
  const TemporaryDirectory cache;
  const ilk::Corpus corpus = numbers(2600);
  const ilk::Matrix<float> expected = ilk::embed_corpus(tiny(), corpus, {}, {}, "captions").features;
  Counter stopping(1100);
  EXPECT_THROW(ilk::embed_corpus(tiny(), corpus, {}, cache.path(), "captions", stopping), ilk::Stopped);
  EXPECT_EQ(stopping.total, 2600);
  EXPECT_LE(stopping.done, 1100 + 256);
  const std::vector<fs::path> spans = files_below(cache.path());
  ASSERT_EQ(spans.size(), 1u);

  // Other numbers in their place, honestly written, show that the span is not computed again.
  auto metadata = ilk::SafetensorsFile(spans[0]).metadata();
  ilk::Matrix<float> other(expected.rows_between(0, 1024));
  for (float& value : other.flat()) value = -value;
  metadata["sha256"] = digest_of(other);
  ilk::write_safetensors(spans[0], {{"features", other}}, metadata);
  Counter whole(1 << 20);
  const ilk::TextFeatures resumed = ilk::embed_corpus(tiny(), corpus, {}, cache.path(), "captions", whole);
  EXPECT_EQ(resumed.notice, "");
  EXPECT_EQ(whole.done, 2600);
  EXPECT_TRUE(equal(ilk::Matrix<float>(resumed.features.rows_between(0, 1024)), other));
  EXPECT_EQ(largest_difference(resumed.features.rows_between(1024, 2600), expected.rows_between(1024, 2600)),
            0);
  EXPECT_EQ(files_below(cache.path()).size(), 1u);
  EXPECT_TRUE(ilk::embed_corpus(tiny(), corpus, {}, cache.path(), "captions").from_cache);
}

}  // namespace
