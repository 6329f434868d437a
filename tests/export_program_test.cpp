// `ilk export` from outside: a run goes out in each format.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "photo_run.h"

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class ExportProgramTest : public PhotoRunTest {
 protected:
  ExportProgramTest() {
    add(3, "Wälder & Seen/again");  // a second 003.jpg
    EXPECT_EQ(cluster(3, {"--quiet"}).status, 0);
  }
  ProgramResult export_to(const std::string& format, const std::string& output = "",
                          const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"export", run().string(), "--to", format};
    if (!output.empty()) arguments.insert(arguments.end(), {"-o", out(output).string()});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ilk(arguments);
  }
  fs::path out(const std::string& name) const { return folder() / name; }
  nlohmann::json json(const std::string& name) const {
    return nlohmann::json::parse(ilk::read_file(out(name)));
  }
};

std::size_t files_below(const fs::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) count += entry.is_regular_file() ? 1 : 0;
  return count;
}

TEST_F(ExportProgramTest, FoldersHoldEachImageOnceAndCanBeUndone) {
  const auto result = export_to("folders", "sorted");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("31 files written"));
  for (const auto& [path, row] : assignments()) {
    const fs::path cluster = out("sorted") / (row.cluster + " " + row.name);
    const std::string name = fs::path(path).filename().string();
    const bool there = ilk::sha256_file(cluster / name) == ilk::sha256_file(path);
    // The second of two equal names may have had to give way.
    EXPECT_TRUE(there || fs::exists(cluster / (fs::path(path).stem().string() + " (2).jpg"))) << path;
  }
  EXPECT_EQ(files_below(out("sorted")), 32u) << "31 images and ilk-export.json";
  EXPECT_THAT(export_to("folders", "sorted").out, HasSubstr("0 files written, 31 there already"));
  EXPECT_THAT(export_to("folders", "sorted", {"--undo"}).out, HasSubstr("31 removed"));
  EXPECT_FALSE(fs::exists(out("sorted")));
}

TEST_F(ExportProgramTest, SidecarsGoBesideTheImagesAndBack) {
  const fs::path foreign = photos() / "001.jpg.xmp";
  ilk::write_file_atomically(
      foreign,
      "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
      "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" "
      "xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:subject><rdf:Bag><rdf:li>Ferien</rdf:li></rdf:Bag>"
      "</dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>");
  ilk::write_file_atomically(photos() / "002.jpg.xmp", "junk");
  const auto result = export_to("xmp");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("30 files written, 1 image skipped (beside the images)"));
  EXPECT_THAT(result.err, HasSubstr("002.jpg.xmp"));
  EXPECT_EQ(ilk::read_file(photos() / "002.jpg.xmp"), "junk");
  const std::string name = assignments().at(foreign.string().substr(0, foreign.string().size() - 4)).name;
  EXPECT_THAT(ilk::read_file(foreign), HasSubstr("Ferien"));
  EXPECT_THAT(ilk::read_file(foreign), HasSubstr("ilk/" + name));
  EXPECT_THAT(export_to("xmp").out, HasSubstr("0 files written, 30 there already"));
  EXPECT_THAT(export_to("xmp", "", {"--undo"}).out, HasSubstr("1 file written, 29 removed"));
  EXPECT_THAT(ilk::read_file(foreign), Not(HasSubstr("ilk")));
  EXPECT_FALSE(fs::exists(photos() / "Wälder & Seen/003.jpg.xmp"));

  EXPECT_EQ(export_to("xmp", "sidecars", {"--sidecar", "stem", "--keyword-root", ""}).status, 0);
  EXPECT_TRUE(fs::exists(out("sidecars") / "Wälder & Seen/003.xmp"));
}

TEST_F(ExportProgramTest, OtherReadersSeeTheKeywords) {
  ASSERT_EQ(export_to("xmp").status, 0);
  const auto rows = assignments();
  const auto& [path, row] = *rows.begin();
  const std::string file = "'" + path + ".xmp'";
  const std::string by_exiftool =
      printed("exiftool -s3 -XMP-dc:Subject -XMP-lr:HierarchicalSubject -XMP-digiKam:TagsList " + file);
  const std::string by_exiv2 = printed("exiv2 -PXv " + file);
  if (by_exiftool.empty() || by_exiv2.empty()) GTEST_SKIP() << "exiftool and exiv2 are not installed";
  EXPECT_EQ(by_exiftool, row.name + "\nilk|" + row.name + "\nilk/" + row.name + "\n");
  for (const std::string& keyword : {row.name, "ilk|" + row.name, "ilk/" + row.name})
    EXPECT_THAT(by_exiv2, HasSubstr(keyword + "\n"));
}

TEST_F(ExportProgramTest, TablesAndTasksNameEachImageWithItsCluster) {
  for (const auto& [format, output] : {std::pair("csv", "t.csv"),
                                       {"coco", "coco.json"},
                                       {"label-studio", "ls"},
                                       {"fiftyone", "fo"},
                                       {"parquet", "t.parquet"},
                                       {"embedding-atlas", "m.parquet"}})
    ASSERT_EQ(export_to(format, output).status, 0) << format;
  const auto expected = assignments();
  const auto table = ilk::parse_csv(ilk::read_file(out("t.csv")));
  ASSERT_EQ(table.size(), 32u);
  for (std::size_t i = 1; i < table.size(); ++i) EXPECT_EQ(table[i][2], expected.at(table[i][0]).name);

  const auto coco = json("coco.json"), tasks = json("ls/tasks.json"),
             samples = json("fo/samples.json")["samples"];
  ASSERT_EQ(coco["images"].size(), 31u);
  ASSERT_EQ(tasks.size(), 31u);
  ASSERT_EQ(samples.size(), 31u);
  for (std::size_t i = 0; i < 31; ++i) {
    const std::string file = (photos() / coco["images"][i]["file_name"].get<std::string>()).string();
    const auto& row = expected.at(file);
    EXPECT_EQ(coco["annotations"][i]["category_id"], std::stoi(row.cluster) + 1);
    EXPECT_EQ(coco["annotations"][i]["bbox"][2], coco["images"][i]["width"]);
    EXPECT_EQ(tasks[i]["data"]["path"], file);
    EXPECT_EQ(tasks[i]["predictions"][0]["result"][0]["value"]["choices"][0], row.name);
    EXPECT_EQ(samples[i]["filepath"], file);
    EXPECT_EQ(samples[i]["cluster"]["label"], row.name);
  }
  EXPECT_THAT(tasks[2]["data"]["image"].get<std::string>() + tasks[30]["data"]["image"].get<std::string>(),
              HasSubstr("W%C3%A4lder%20%26%20Seen/"));
  EXPECT_EQ(ilk::read_file(out("t.parquet")).substr(0, 4), "PAR1");
  EXPECT_EQ(ilk::read_file(out("m.parquet")).substr(0, 4), "PAR1");
}

TEST_F(ExportProgramTest, SaysWhatIsWrong) {
  const auto expect = [&](const ProgramResult& result, const std::string& text, int status = 3) {
    EXPECT_EQ(result.status, status);
    EXPECT_THAT(result.err, HasSubstr(text));
  };
  expect(export_to("folder", "x"), "Did you mean folders?", 2);
  expect(export_to("csv"), "-o must name the file");
  expect(export_to("xmp", "", {"--link", "hard"}), "--link is for");
  expect(export_to("coco", "x", {"--undo"}), "--undo is for");
  expect(export_to("folders", "sorted", {"--undo"}), "nothing to undo");
  expect(ilk({"export", photos().string(), "--to", "csv", "-o", "x"}), "must be a finished run");
  fs::rename(photos(), folder() / "moved");
  expect(run_program(folder(), {"export", run().string(), "--to", "folders", "-o", out("x").string()}),
         "none of the run's 31 images is there any more");
  fs::rename(folder() / "moved", photos());
}

}  // namespace
