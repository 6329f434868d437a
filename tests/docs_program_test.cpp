// The README and docs/: their links lead somewhere, the flags they show exist, and their commands run as they
// are written. A block that begins with ```sh is run; one with a word after it (network, server, data) needs
// something that a test has not, and only its flags are looked at.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "io/csv.h"
#include "program.h"
#include "temporary_directory.h"

namespace {

namespace fs = std::filesystem;

const fs::path source(ILK_SOURCE_DIR);

/// README and what else lies beside it, docs/ and the cards of models and examples.
std::vector<fs::path> pages() {
  std::vector<fs::path> found;
  const auto add = [&](const fs::path& path) {
    if (path.extension() == ".md") found.push_back(path);
  };
  for (const auto& entry : fs::directory_iterator(source)) add(entry.path());
  for (const char* folder : {"docs", "models", "examples"})
    for (const auto& entry : fs::recursive_directory_iterator(source / folder)) add(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

std::string name_of(const fs::path& page) {
  return fs::relative(page, source).string();
}

struct Block {
  std::string language, text;  ///< "sh network"; indented code has no language
};

/// The code of a page, in order.
std::vector<Block> blocks_of(const fs::path& page) {
  std::vector<Block> blocks;
  std::istringstream lines(ilk::read_file(page));
  bool fenced = false, indented = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      if (!fenced) blocks.push_back({line.substr(3), ""});
      fenced = !fenced;
      indented = false;
    } else if (fenced) {
      blocks.back().text += line + "\n";
    } else if (line.starts_with("    ")) {
      if (!indented) blocks.push_back({});
      blocks.back().text += line.substr(4) + "\n";
      indented = true;
    } else {
      indented = false;
    }
  }
  return blocks;
}

/// The page without its code.
std::string prose_of(const fs::path& page) {
  std::string prose;
  std::istringstream lines(ilk::read_file(page));
  bool fenced = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) fenced = !fenced;
    if (!fenced && !line.starts_with("    ")) prose += line + "\n";
  }
  return prose;
}

/// What a heading's address is on GitHub.
std::set<std::string> anchors_of(const fs::path& page) {
  std::set<std::string> anchors;
  std::istringstream lines(prose_of(page));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#")) continue;
    std::string anchor;
    for (const char c : line.substr(line.find(' ') + 1)) {
      const auto byte = static_cast<unsigned char>(c);
      if (std::isalnum(byte) || c == '-' || c == '_' || byte >= 128)
        anchor += static_cast<char>(std::tolower(byte));
      if (c == ' ') anchor += '-';
    }
    anchors.insert(anchor);
  }
  return anchors;
}

TEST(Docs, LinksLeadSomewhere) {
  const std::regex link(R"(\]\(([^)\s]+)\))");
  int links = 0;
  for (const auto& page : pages()) {
    const std::string prose = prose_of(page);
    for (std::sregex_iterator found(prose.begin(), prose.end(), link), end; found != end; ++found) {
      const std::string target = (*found)[1];
      if (target.find("://") != std::string::npos || target.starts_with("mailto:")) continue;
      ++links;
      const std::size_t hash = std::min(target.find('#'), target.size());
      const fs::path file = hash == 0 ? page : page.parent_path() / target.substr(0, hash);
      EXPECT_TRUE(fs::exists(file)) << name_of(page) << ": " << target;
      if (hash < target.size() && fs::exists(file)) {
        EXPECT_TRUE(anchors_of(file).contains(target.substr(hash + 1))) << name_of(page) << ": " << target;
      }
    }
  }
  EXPECT_GT(links, 50);
}

TEST(Docs, PackagesAreListed) {
  const std::string script = ilk::read_file(source / "dev"),
                    page = ilk::read_file(source / "CONTRIBUTING.md");
  const std::size_t begin = script.find("\npackages=("), end = script.find("\n)", begin);
  ASSERT_NE(begin, std::string::npos);
  const std::string list = script.substr(begin, end - begin);
  const std::regex entry("\n  \"([^:\"]+):");
  int packages = 0;
  for (std::sregex_iterator found(list.begin(), list.end(), entry), none; found != none; ++found, ++packages)
    EXPECT_THAT(page, testing::HasSubstr("`" + (*found)[1].str() + "`"));
  EXPECT_GT(packages, 10);
}

/// The commands of ilk in a block, each on one line.
std::vector<std::string> commands_of(const Block& block) {
  std::vector<std::string> commands;
  std::istringstream lines(std::regex_replace(block.text, std::regex(R"(\\\n\s*)"), ""));
  const std::regex call(R"((^|[|] *|build/)ilk ([a-z].*))");
  std::smatch found;
  for (std::string line; std::getline(lines, line);)
    if (std::regex_search(line, found, call)) commands.push_back(found[2]);
  return commands;
}

class DocsTest : public testing::Test {
 protected:
  /// --help-all of a command such as "models get".
  const std::string& help(const std::string& command) {
    auto [found, is_new] = helps_.try_emplace(command);
    if (is_new) {
      std::vector<std::string> arguments;
      std::istringstream words(command);
      for (std::string word; words >> word;) arguments.push_back(word);
      arguments.emplace_back("--help-all");
      const ProgramResult result = run_program(folder_.path(), arguments);
      EXPECT_EQ(result.status, 0) << command << ": " << result.err;
      found->second = result.out;
    }
    return found->second;
  }

  TemporaryDirectory folder_;

 private:
  std::map<std::string, std::string> helps_;
};

TEST_F(DocsTest, FlagsExist) {
  int flags = 0;
  for (const auto& page : pages())
    for (const Block& block : blocks_of(page))
      for (const std::string& command : commands_of(block)) {
        std::istringstream words(std::regex_replace(command, std::regex(R"("[^"]*"|'[^']*')"), "TEXT"));
        std::string name, second;
        words >> name;
        if (name == "models" || name == "datasets" || name == "vocab") {
          words >> second;
          name += " " + second;
        }
        for (std::string word; words >> word;) {
          if (word == "|" || word == "#") break;
          if (!word.starts_with("-") || word == "-" || std::isdigit(static_cast<unsigned char>(word[1])) != 0)
            continue;
          const std::string flag = word.substr(0, word.find('='));
          // Flags of `ilk edit` are those of its subcommands.
          if (name == "edit") continue;
          ++flags;
          EXPECT_TRUE(std::regex_search(help(name), std::regex("[ ,]" + flag + "[ ,=\n]")))
              << name_of(page) << ": ilk " << command << "\n"
              << flag << " is no flag of ilk " << name;
        }
      }
  EXPECT_GT(flags, 100);
}

/// A folder of photographs, others that come later, and their labels.
void make_collection(const fs::path& folder) {
  const fs::path examples = source / "examples/photos";
  fs::create_directories(folder / "PHOTOS");
  fs::create_directories(folder / "NEW");
  const auto table = ilk::parse_csv(ilk::read_file(examples / "labels.csv"));
  std::string labels = "path,label\n", captions = "path,caption\n";
  for (std::size_t i = 1; i < table.size(); ++i) {
    const fs::path picture = examples / table[i][0];
    const bool is_new = i % 2 == 0;
    if (is_new && i > 20) continue;
    const fs::path to = (is_new ? "NEW" : "PHOTOS") / picture.filename();
    fs::copy_file(picture, folder / to);
    if (is_new) continue;
    labels += to.string() + "," + table[i][1] + "\n";
    captions += to.string() + "," + table[i][1] + "\n";
  }
  ilk::write_file_atomically(folder / "labels.csv", labels);
  ilk::write_file_atomically(folder / "labels-as-captions.csv", captions);
}

class PageTest : public testing::TestWithParam<std::string> {};

TEST_P(PageTest, CommandsRunAsTheyAreWritten) {
  const TemporaryDirectory folder;
  make_collection(folder.path());
  const fs::path program(ILK_PROGRAM);
  std::string script = "set -eu\nexport XDG_CACHE_HOME='" + (folder.path() / "cache").string() +
                       "' XDG_DATA_HOME='" + (folder.path() / "data").string() + "' PATH='" +
                       program.parent_path().string() + "':\"$PATH\"\ncd '" + folder.path().string() + "'\n";
  int commands = 0;
  for (const Block& block : blocks_of(source / GetParam()))
    if (block.language == "sh") {
      script += block.text;
      commands += static_cast<int>(commands_of(block).size());
    }
  ASSERT_GT(commands, 0) << "no command of this page is run";
  ilk::write_file_atomically(folder.path() / "page.sh", script);
  const std::string log = (folder.path() / "page.log").string();
  const int status =
      std::system(("bash -x '" + (folder.path() / "page.sh").string() + "' >'" + log + "' 2>&1").c_str());
  EXPECT_EQ(status, 0) << ilk::read_file(log);
}

INSTANTIATE_TEST_SUITE_P(Docs, PageTest,
                         testing::Values("README.md", "docs/photos.md", "docs/options.md",
                                         "docs/data-sets.md", "docs/features.md", "docs/captions.md",
                                         "docs/evaluation.md", "docs/models.md", "docs/edits.md",
                                         "docs/inspect.md", "docs/export.md"),
                         [](const auto& page) {
                           std::string name = fs::path(page.param).stem().string();
                           std::replace_if(
                               name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; },
                               '_');
                           return name;
                         });

}  // namespace
