// From end to end: a photographer's folder goes in, and comes out as folders, as sidecars and as corrected
// clusters that survive five new photographs. Every command is watched (photo_run.h).
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "dng.h"
#include "photo_run.h"

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

/// A JPEG with EXIF's orientation put in.
std::string turned(const std::string& jpeg, char orientation) {
  std::string exif(
      "\xFF\xE1\0\x22"
      "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0?\0\0\0\0\0\0\0",
      36);
  exif[28] = orientation;
  return jpeg.substr(0, 2) + exif + jpeg.substr(2);
}

class PhotographerTest : public PhotoRunTest {
 protected:
  PhotographerTest() : PhotoRunTest(0) {
    for (int i = 1; i <= 24; ++i) add(i, i % 2 ? "2023/Sommer in Österreich" : "2024/Tante Uta's 60.");
    add_file(raw(), dng::file(ilk::read_file(examples + name_of(30)), 256, 192));
    add_file(photos() / "2024/turned.jpg", turned(ilk::read_file(examples + name_of(40)), 6));
    add(5, "copies", "005 (1).jpg");
    add(1, "2024");  // another 001.jpg, a copy
    const std::string good = ilk::read_file(examples + name_of(50));
    add_file(photos() / "broken/cut.jpg", good.substr(0, good.size() / 3));
    add_file(photos() / "broken/empty.jpg", "");
    add_file(photos() / "broken/letter.jpg", "Dear Uta,\n");
  }
  fs::path raw() const { return photos() / "2024/raw/DSC_0030.DNG"; }

  ProgramResult well(const std::vector<std::string>& arguments) const {
    ProgramResult result = ilk(arguments);
    EXPECT_EQ(result.status, 0) << arguments.front() << ": " << result.err;
    return result;
  }
};

TEST_F(PhotographerTest, AFolderGoesInAndComesOutSortedNamedAndCorrected) {
  const std::string report = run().string();
  ASSERT_EQ(cluster(4).status, 0);
  auto rows = assignments();
  EXPECT_EQ(rows.size(), 28u)
      << "24 photographs, a raw file, a turned one, two copies; three broken files are not";
  EXPECT_TRUE(rows.contains(raw().string()));
  const std::string manifest = ilk::read_file(run() / "manifest.json");
  for (const char* skipped : {"cut.jpg", "empty.jpg", "letter.jpg"})
    EXPECT_THAT(manifest, HasSubstr(skipped));

  // What there is to know of them.
  well({"inspect", report});
  const auto duplicates = ilk::parse_csv(ilk::read_file(run() / "inspect/duplicates.csv"));
  std::set<std::string> copies;
  for (const auto& row : duplicates)
    if (row[3] == "exact") copies.insert(fs::path(row[1]).filename());
  EXPECT_EQ(copies.size(), 2u);

  // Corrections.
  const std::string first = rows.begin()->second.cluster;
  std::vector<std::string> members;
  for (const auto& [path, row] : rows)
    if (row.cluster == first) members.push_back(path);
  well({"edit", report, "rename", first, "Urlaub & Meer"});
  well({"edit", report, "lock", "Urlaub & Meer"});
  std::string other = first == "0" ? "1" : "0", third = first == "2" ? "3" : "2";
  well({"edit", report, "merge", other, third});

  // Folders and sidecars.
  well({"export", report, "--to", "folders", "-o", (folder() / "sorted").string(), "--link", "hard"});
  EXPECT_TRUE(fs::exists(folder() / "sorted" / (first + " Urlaub & Meer")));
  well({"export", report, "--to", "xmp"});
  EXPECT_THAT(ilk::read_file(members.front() + ".xmp"), HasSubstr("ilk|Urlaub &amp; Meer"));
  EXPECT_TRUE(fs::exists(raw().string() + ".xmp"));
  // Another reader, where it is installed, and the list of tags that digiKam reads.
  const std::string read = printed("exiftool -s3 -XMP-digiKam:TagsList -XMP-lr:HierarchicalSubject \"" +
                                   members.front() + ".xmp\"");
  if (printed("exiftool -ver") != "") {
    EXPECT_EQ(read, "ilk/Urlaub & Meer\nilk|Urlaub & Meer\n");
  }

  // Five new photographs.
  for (int i = 101; i <= 105; ++i) add(i, "2025/Neujahr");
  ASSERT_EQ(cluster(4).status, 0);
  rows = assignments();
  EXPECT_EQ(rows.size(), 33u);
  for (const auto& path : members) {
    EXPECT_EQ(rows.at(path).name, "Urlaub & Meer") << path;
    EXPECT_EQ(rows.at(path).cluster, first) << path;
  }
  for (const auto& [path, row] : rows) EXPECT_NE(row.cluster, third) << "it went into " << other;

  // Out once more, and back.
  const auto sorted =
      well({"export", report, "--to", "folders", "-o", (folder() / "sorted").string(), "--link", "hard"});
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder() / "sorted"))
    files += entry.is_regular_file() && entry.path().filename() != "ilk-export.json" ? 1 : 0;
  EXPECT_EQ(files, rows.size());
  well({"export", report, "--to", "xmp"});
  well({"export", report, "--to", "xmp", "--undo"});
  well({"export", report, "--to", "folders", "-o", (folder() / "sorted").string(), "--undo"});
  EXPECT_FALSE(fs::exists(folder() / "sorted"));
  for (const auto& entry : fs::recursive_directory_iterator(photos()))
    EXPECT_NE(entry.path().extension(), ".xmp") << entry.path();
  well({"search", report, "a parrot", "--page", (folder() / "found.html").string()});
  well({"embed", photos().string(), "-o", (folder() / "x.npy").string()});
  well({"assign", report, raw().string()});
  while (ilk({"edit", report, "list"}).out != "") well({"edit", report, "undo"});
}

}  // namespace
