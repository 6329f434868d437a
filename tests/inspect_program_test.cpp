// `ilk embed`, `ilk search` and `ilk inspect` from outside.
#include <gmock/gmock.h>
#include <ilk/array.h>

#include <algorithm>
#include <set>

#include "io/safetensors.h"
#include "photo_run.h"

namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

using Table = std::vector<std::vector<std::string>>;

class InspectProgramTest : public PhotoRunTest {
 protected:
  fs::path out(const std::string& name) const { return folder() / name; }
  Table table(const fs::path& file) const { return ilk::parse_csv(ilk::read_file(file)); }
};

TEST_F(InspectProgramTest, EmbedWritesEachFormatAndClusterTakesThem) {
  for (const char* name : {"x.npy", "x.safetensors", "x.parquet", "x.csv"}) {
    const auto result = ilk({"embed", photos().string(), "-o", out(name).string()});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("30 images, 512 numbers each"));
  }
  const ilk::Matrix<float> npy = ilk::ArrayFile(out("x.npy").string()).rows(0, 30).to_matrix();
  const ilk::Matrix<float> safetensors =
      ilk::SafetensorsFile(out("x.safetensors")).get("embeddings").to_matrix();
  ASSERT_EQ(npy.columns(), 512);
  EXPECT_TRUE(std::equal(npy.flat().begin(), npy.flat().end(), safetensors.flat().begin()));
  const Table csv = table(out("x.csv"));
  ASSERT_EQ(csv.size(), 31u);
  EXPECT_EQ(std::stof(csv[30][512]), npy[29][511]) << "each number comes back";
  EXPECT_THAT(ilk::read_file(out("x.npy.names.txt")), HasSubstr(csv[1][0] + "\n"));
  EXPECT_EQ(ilk({"embed", photos().string(), "-o", out("x.txt").string()}).status, 3);

  // The same clusters as those of the images themselves.
  ASSERT_EQ(cluster(4).status, 0);
  const auto from_images = assignments();
  const auto result =
      ilk({"cluster", "--features", out("x.npy").string(), "--names", out("x.npy.names.txt").string(),
           "--method", "kmeans", "-k", "4", "-o", out("again").string()});
  ASSERT_EQ(result.status, 0) << result.err;
  for (const auto& row : table(out("again") / "assignments.csv"))
    if (row[0] != "path") {
      EXPECT_EQ(row[1], from_images.at(row[0]).cluster);
    }
}

TEST_F(InspectProgramTest, SearchFindsByPictureAndByWords) {
  ASSERT_EQ(cluster(4).status, 0);
  const std::string query = (photos() / "007.jpg").string();
  const auto result = ilk({"search", run().string(), "--image", query, "-n", "5", "-o",
                           out("found.csv").string(), "--page", out("found.html").string()});
  ASSERT_EQ(result.status, 0) << result.err;
  const Table found = table(out("found.csv"));
  ASSERT_EQ(found.size(), 6u);
  EXPECT_EQ(found[1][0], query) << "nothing is nearer to it than itself";
  EXPECT_NEAR(std::stod(found[1][1]), 1, 1e-4);
  for (std::size_t i = 2; i < found.size(); ++i)
    EXPECT_LE(std::stod(found[i][1]), std::stod(found[i - 1][1]));
  EXPECT_THAT(ilk::read_file(out("found.html")), HasSubstr("data:image/jpeg;base64,"));
  const auto words = ilk({"search", run().string(), "a fish under water", "-n", "3"});
  EXPECT_EQ(words.status, 0) << words.err;
  EXPECT_EQ(std::count(words.out.begin(), words.out.end(), '\n'), 4);
  EXPECT_THAT(ilk({"search", run().string()}).err, HasSubstr("either words or --image must be given"));
  EXPECT_THAT(ilk({"search", run().string(), "x", "--image", query}).err, HasSubstr("not both"));
  EXPECT_THAT(ilk({"search", run().string(), "--image", "none.jpg"}).err, HasSubstr("none.jpg (vanished)"));
}

TEST_F(InspectProgramTest, UniqueClustersOneOfEachGroupOfCopies) {
  for (int i = 0; i < 6; ++i) add(7, "copies", "copy " + std::to_string(i) + ".jpg");
  const auto result = cluster(4, {"--unique", "--method", "cae"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("6 images are copies of another and not clustered"));
  const auto rows = assignments();
  ASSERT_EQ(rows.size(), 36u);
  const auto& best = rows.at((photos() / "007.jpg").string());
  for (int i = 0; i < 6; ++i) {
    const auto& copy = rows.at((photos() / "copies" / ("copy " + std::to_string(i) + ".jpg")).string());
    EXPECT_EQ(copy.cluster, best.cluster);
  }
  const ilk::SafetensorsFile features(run() / "features.safetensors");
  for (const char* name : {"embeddings", "features", "labels", "noun_row_potentials"})
    EXPECT_EQ(features.get(name).shape()[0], 36) << name;
  // The clusters are those of a run without the copies.
  fs::rename(photos() / "copies", folder() / "elsewhere");
  const auto without = run_program(
      folder(), {"cluster", photos().string(), "-k", "4", "-o", out("without").string(), "--method", "cae"});
  fs::rename(folder() / "elsewhere", photos() / "copies");
  ASSERT_EQ(without.status, 0) << without.err;
  for (const auto& row : table(out("without") / "assignments.csv"))
    if (row[0] != "path") {
      EXPECT_EQ(rows.at(row[0]).cluster, row[1]) << row[0];
    }
  EXPECT_THAT(ilk({"cluster", "--features", (run() / "features.safetensors").string() + ":embeddings",
                   "--unique", "-k", "2", "-o", out("x").string()})
                  .err,
              HasSubstr("unique needs images"));
}

TEST_F(InspectProgramTest, InspectListsCopiesBestFirstAndWrongLabels) {
  add(7, "again", "copy.jpg");  // the same bytes
  std::string labels = "path,label\n";
  ASSERT_EQ(cluster(4).status, 0);
  // Labels are the clusters, with one of them wrong.
  const auto rows = assignments();
  std::string wrong;
  for (const auto& [path, row] : rows) {
    const bool lies = wrong.empty() && row.cluster == "0" && path.find("007") == std::string::npos &&
                      path.find("copy") == std::string::npos;
    if (lies) wrong = path;
    labels += ilk::csv_field(path) + "," + (lies ? "cluster 3" : "cluster " + row.cluster) + "\n";
  }
  ilk::write_file_atomically(out("labels.csv"), labels);
  const auto result = ilk({"inspect", run().string(), "--labels", out("labels.csv").string()});
  ASSERT_EQ(result.status, 0) << result.err;
  const fs::path tables = run() / "inspect";
  const Table duplicates = table(tables / "duplicates.csv");
  std::map<std::string, std::set<std::string>> groups;
  for (std::size_t i = 1; i < duplicates.size(); ++i)
    groups[duplicates[i][0]].insert(fs::path(duplicates[i][1]).filename());
  EXPECT_TRUE(std::any_of(groups.begin(), groups.end(), [](const auto& group) {
    return group.second == std::set<std::string>{"007.jpg", "copy.jpg"};
  }));
  EXPECT_EQ(duplicates[1][2], "yes");
  const Table quality = table(tables / "quality.csv");
  ASSERT_EQ(quality.size(), 32u);
  for (std::size_t i = 1; i < quality.size(); ++i) EXPECT_GT(std::stoi(quality[i][2]), 0);
  const Table outliers = table(tables / "outliers.csv");
  ASSERT_EQ(outliers.size(), 32u);
  bool listed = false;
  const Table mislabelled = table(tables / "mislabelled.csv");
  for (const auto& row : mislabelled) listed = listed || row[0] == wrong;
  EXPECT_TRUE(listed) << wrong;
  EXPECT_LT(mislabelled.size(), 15u);
  EXPECT_THAT(ilk::read_file(tables / "inspect.html"), HasSubstr("Likely mislabelled"));
  const std::string before = ilk::read_file(tables / "inspect.html");
  ASSERT_EQ(ilk({"inspect", run().string(), "--labels", out("labels.csv").string(), "--threads", "1"}).status,
            0);
  EXPECT_EQ(ilk::read_file(tables / "inspect.html"), before) << "the same for any number of threads";
}

}  // namespace
