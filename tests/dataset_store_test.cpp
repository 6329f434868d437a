#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/dataset.h>
#include <ilk/error.h>

#include <cstdlib>

#include "http_server.h"
#include "io/dataset_store.h"
#include "io/files.h"
#include "io/sha256.h"
#include "temporary_directory.h"

namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;
const std::string data = ILK_TEST_DATA "/datasets/";

class DatasetStore : public testing::Test {
 protected:
  DatasetStore() { ::setenv("XDG_DATA_HOME", folder_.path().c_str(), 1); }

  /// A data set of these files, as the server gives them.
  ilk::KnownDataset served(const std::string& name, const std::vector<std::string>& files,
                           const std::string& folder, HttpServer::Reply reply = {}) {
    ilk::KnownDataset dataset{.name = name, .folder = folder};
    for (const auto& file : files) {
      reply.body = ilk::read_file(data + file);
      reply.headers = {{"ETag", "\"1\""}};
      const std::string path = "/" + fs::path(file).filename().string();
      HttpServer::Reply whole = reply;
      whole.cut_after = -1;
      server_.serve(path, {reply, whole});
      dataset.files.push_back({"http://example.invalid/far" + path,
                               static_cast<std::int64_t>(reply.body.size()), ilk::sha256_hex(reply.body)});
    }
    return dataset;
  }
  ilk::GetDatasetOptions options() const { return {.from = server_.url("/"), .first_pause_seconds = 0.01}; }

  TemporaryDirectory folder_;
  HttpServer server_;
};

TEST_F(DatasetStore, FetchesUnpacksAndGoesOnWhereItWasCut) {
  const auto dataset = served("cifar10", {"packed.tar.gz"}, "cifar-10-batches-bin", {.cut_after = 700});
  const auto folder = ilk::get_dataset(dataset, options());
  EXPECT_EQ(folder, ilk::datasets_directory() / "cifar10");
  EXPECT_EQ(server_.requests().size(), 2u);
  EXPECT_EQ(server_.requests().back().header("range").substr(0, 6), "bytes=");
  for (const auto& entry : fs::directory_iterator(data + "cifar10-binary"))
    EXPECT_EQ(ilk::read_file(folder / entry.path().filename()), ilk::read_file(entry.path()));
  EXPECT_FALSE(fs::exists(ilk::datasets_directory() / "cifar10.part"));
  // By its name from then on; a second call asks nobody.
  EXPECT_TRUE(ilk::is_packed_dataset("cifar10"));
  EXPECT_EQ(ilk::open_dataset("cifar10").images.size(), 7u);
  ilk::get_dataset(dataset, options());
  EXPECT_EQ(server_.requests().size(), 2u);
}

TEST_F(DatasetStore, FetchesSeveralFilesThatStayAsTheyAre) {
  const auto dataset =
      served("fashion-mnist", {"idx/t10k-images-idx3-ubyte.gz", "idx/t10k-labels-idx1-ubyte.gz"}, "");
  ilk::get_dataset(dataset, options());
  const auto opened = ilk::open_dataset("fashion-mnist");
  EXPECT_EQ(opened.images.size(), 3u);
  EXPECT_EQ(opened.classes.back(), "ankle boot");
}

TEST_F(DatasetStore, RefusesWhatIsNotTheDataset) {
  auto dataset = served("wrong", {"packed.tar.gz"}, "cifar-10-batches-bin");
  dataset.files[0].sha256 = std::string(64, '0');
  EXPECT_THROW(ilk::get_dataset(dataset, options()), ilk::Error);
  EXPECT_FALSE(fs::exists(ilk::datasets_directory() / "wrong"));
  EXPECT_THROW(ilk::get_dataset(served("other", {"packed.tar.gz"}, "not inside"), options()), ilk::Error);
  try {
    ilk::get_dataset(served("out", {"leads_out.tar"}, "x"), options());
    FAIL() << "a name led out of the folder";
  } catch (const ilk::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("../outside.txt"));
  }
  EXPECT_FALSE(fs::exists(ilk::datasets_directory() / "out.part" / "outside.txt"));
  try {
    ilk::get_dataset("cifar11");
    FAIL();
  } catch (const ilk::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("Did you mean 'cifar10'"));
  }
}

TEST_F(DatasetStore, KnowsSizeAndDigestOfEveryFile) {
  for (const auto& dataset : ilk::known_datasets()) {
    EXPECT_FALSE(dataset.files.empty()) << dataset.name;
    for (const auto& file : dataset.files) {
      EXPECT_GT(file.size, 1000) << file.url;
      EXPECT_EQ(file.sha256.size(), 64u) << file.url;
    }
  }
}

}  // namespace
