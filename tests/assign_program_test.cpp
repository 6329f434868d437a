// `ilk assign` and `ilk compare`: new images, and two runs of the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/csv.h"
#include "io/files.h"
#include "program_fixture.h"

namespace {

using testing::HasSubstr;

TEST_F(ProgramTest, NewImagesAreAssignedAndRunsCompared) {
  const auto images = some_pictures(12);
  ASSERT_EQ(run(cluster(images, output(), {"--quiet"})).status, 0);
  ASSERT_EQ(run(cluster(images, output("other"), {"--quiet", "--method", "kmeans"})).status, 0);
  const auto own = ilk::parse_csv(assignments(output()));

  const auto assigned = run({"assign", output(), images, "--quiet"});
  ASSERT_EQ(assigned.status, 0) << assigned.err;
  const auto rows = ilk::parse_csv(assigned.out);
  ASSERT_EQ(rows.size(), own.size());
  for (std::size_t i = 1; i < rows.size(); ++i)
    for (std::size_t column = 0; column < 3; ++column)
      EXPECT_EQ(rows[i][column], own[i][column]) << rows[i][0];

  const std::string one = own[5][0];
  ilk::write_file_atomically(folder() / "some" / "broken.png", "no picture");
  const auto alone = run({"assign", output(), one, images + "/broken.png", "-o", output("new.csv")});
  ASSERT_EQ(alone.status, 0) << alone.err;
  EXPECT_THAT(alone.err, HasSubstr("broken.png"));
  const auto row = ilk::parse_csv(ilk::read_file(output("new.csv")));
  ASSERT_EQ(row.size(), 2u);
  EXPECT_EQ(row[1][1], own[5][1]);

  const auto compared = run({"compare", output(), output("other"), "--json"});
  ASSERT_EQ(compared.status, 0) << compared.err;
  const auto json = nlohmann::json::parse(compared.out);
  EXPECT_EQ(json["images"].get<std::size_t>(), own.size() - 1);
  EXPECT_EQ(json["runs"][1]["method"], "kmeans");
  EXPECT_THAT(run({"compare", output(), output()}).out, HasSubstr("100.0"));

  EXPECT_EQ(run({"assign", images, images}).status, 3);
  EXPECT_EQ(run({"compare", output()}).status, 3);
}

}  // namespace
