#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/run.h>

#include <string>
#include <vector>

#include "encoders/clip.h"
#include "encoders/text_features.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "matrices.h"
#include "pipeline/noun_vocabulary.h"
#include "pipeline/vocabulary_file.h"
#include "temporary_directory.h"

namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

TEST(NounVocabulary, IsAFileThatKnowsItsNounsModelAndNumbers) {
  const TemporaryDirectory folder;
  const std::string list = (folder.path() / "nouns.txt").string(),
                    templates = (folder.path() / "templates.txt").string();
  const fs::path file = folder.path() / "made.safetensors";
  ilk::write_file_atomically(list, "dog\nred apple\ndog\nHouse boat\n");
  ilk::write_file_atomically(templates, "a {}\nthe {}.\n");
  const ilk::VocabularyOptions options{
      .model = ILK_TEST_DATA "/tiny_clip", .nouns = list, .templates = templates, .cache = "none"};
  const ilk::VocabularyFacts made = ilk::build_vocabulary(options, file);
  const ilk::VocabularyFile opened(file);
  EXPECT_EQ(opened.nouns().texts, (std::vector<std::string>{"dog", "red apple", "House boat"}));
  EXPECT_EQ(opened.facts().templates, (std::vector<std::string>{"a {}", "the {}."}));
  EXPECT_EQ(opened.facts().model, "tiny_clip");
  EXPECT_EQ(opened.facts().precision, "int16");
  EXPECT_EQ(opened.facts().nouns_sha256, ilk::read_nouns(list).sha256);
  const ilk::Clip clip(fs::path(ILK_TEST_DATA) / "tiny_clip");
  EXPECT_EQ(opened.facts().model_fingerprint, clip.fingerprint());
  EXPECT_EQ(made.bytes, static_cast<std::int64_t>(fs::file_size(file)));
  EXPECT_TRUE(equal(opened.features(),
                    ilk::embed_corpus(clip, opened.nouns(), opened.facts().templates, {}, "nouns").features));

  const ilk::SafetensorsFile whole(file);
  const ilk::Array features = whole.get("features"), nouns = whole.get("nouns");
  const auto error_with = [&](const char* key, const std::string& value) {
    auto metadata = whole.metadata();
    metadata[key] = value;
    const fs::path changed = folder.path() / "changed.safetensors";
    ilk::write_safetensors(changed, {{"features", features.view()}, {"nouns", nouns.view()}}, metadata);
    return error_of([&] { (void)ilk::VocabularyFile(changed).features(); });
  };
  EXPECT_EQ(error_with("source", "elsewhere"), "");
  EXPECT_THAT(error_with("features_sha256", "0"), HasSubstr("its numbers are not those that were written"));
  EXPECT_THAT(error_with("nouns_sha256", "0"), HasSubstr("its nouns are not those that were written"));
  EXPECT_THAT(error_with("format", "0"), HasSubstr("must be a vocabulary that `ilk vocab build` wrote"));
  EXPECT_THAT(error_of([&] { (void)ilk::build_vocabulary(options, {}); }),
              HasSubstr("an output must be given"));
  EXPECT_THAT(error_of([&] { (void)ilk::build_vocabulary(options, "x.npy"); }),
              HasSubstr("must end in .safetensors"));
  ilk::write_file_atomically(templates, "a {}\n");
  EXPECT_THAT(error_of([&] {
                ilk::run({.paths = {folder.path().string()}},
                         {.output = folder.path() / "run",
                          .n_clusters = 2,
                          .nouns = file.string(),
                          .templates = templates},
                         "");
              }),
              HasSubstr("templates must be those that"));
}

}  // namespace
