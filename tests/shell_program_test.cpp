// Manual pages and shell completions: that they are well formed, say what --help says, and complete.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "program.h"
#include "temporary_directory.h"

namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

class ShellTest : public testing::Test {
 protected:
  std::string ilk(const std::vector<std::string>& arguments) const {
    const ProgramResult result = run_program(folder_.path(), arguments);
    EXPECT_EQ(result.status, 0) << result.err;
    return result.out;
  }
  fs::path written(const std::string& name, const std::string& text) const {
    ilk::write_file_atomically(folder_.path() / name, text);
    return folder_.path() / name;
  }
  /// What a command line of the shell prints, its errors too.
  std::string shell(const std::string& command) const {
    const fs::path log = folder_.path() / "log";
    status_ = std::system(("( " + command + " ) >'" + log.string() + "' 2>&1").c_str());
    return ilk::read_file(log);
  }
  static bool has(const char* tool) {
    return std::system(("command -v " + std::string(tool) + " >/dev/null").c_str()) == 0;
  }
  /// The subcommands that --help lists.
  std::vector<std::string> commands() const {
    std::vector<std::string> names;
    std::istringstream lines(ilk({"--help"}));
    bool listed = false;
    for (std::string line; std::getline(lines, line);) {
      if (line == "Subcommands:") listed = true;
      if (line.empty()) listed = false;
      std::smatch name;
      if (listed && std::regex_search(line, name, std::regex("^  ([a-z]+) "))) names.push_back(name[1]);
    }
    return names;
  }

  TemporaryDirectory folder_;
  mutable int status_ = 0;
};

/// Flags as --help-all shows them at the beginning of lines, long and short.
std::set<std::string> flags_of(const std::string& help) {
  std::set<std::string> flags;
  std::istringstream lines(help);
  const std::regex entry("^  (-[^ ]+)");
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (!std::regex_search(line, found, entry)) continue;
    std::istringstream names(found[1]);
    for (std::string name; std::getline(names, name, ',');) flags.insert(name.substr(0, name.find('=')));
  }
  return flags;
}

/// A page as it is read: without roff's escapes.
std::string plain(std::string page) {
  page = std::regex_replace(page, std::regex(R"(\\f[BIR])"), "");
  return std::regex_replace(page, std::regex(R"(\\-)"), "-");
}

TEST_F(ShellTest, EveryFlagOfHelpIsInThePage) {
  const auto names = commands();
  ASSERT_THAT(names, IsSupersetOf({"cluster", "models", "edit"}));
  for (const auto& name : names) {
    const std::string page = plain(ilk({"man", name}));
    const auto flags = flags_of(ilk({name, "--help-all"}));
    EXPECT_GE(flags.size(), 2U) << name;
    for (const auto& flag : flags)
      EXPECT_TRUE(std::regex_search(page, std::regex("(^|[\n ])" + flag + "[,\n ]"))) << name << " " << flag;
  }
  // Those of subcommands, and positional arguments, stand in the page of the command.
  const std::string models = plain(ilk({"man", "models"}));
  EXPECT_THAT(models, HasSubstr("ilk models get"));
  EXPECT_THAT(models, HasSubstr("--endpoint URL"));
  EXPECT_THAT(models, HasSubstr("Environment: HF_ENDPOINT"));
  const std::string cluster = plain(ilk({"man", "cluster"}));
  EXPECT_THAT(cluster, HasSubstr("--precision auto|fp32|int16"));
  EXPECT_THAT(cluster, HasSubstr(".SH EXAMPLES\n"));
  EXPECT_THAT(cluster, HasSubstr("--no-shrink-on-load turns it off."));
  EXPECT_THAT(cluster, HasSubstr("ilk cluster PHOTOS/ -k 12 -o run/\n"));
}

TEST_F(ShellTest, PagesAreWellFormed) {
  ilk({"man", "-o", (folder_.path() / "man").string()});
  std::size_t pages = 0;
  for (const auto& entry : fs::directory_iterator(folder_.path() / "man")) {
    ++pages;
    const std::string page = "'" + entry.path().string() + "'";
    if (has("mandoc")) {
      EXPECT_EQ(shell("mandoc -T lint -W warning " + page), "") << page;
    }
    if (has("man") && has("groff")) {
      EXPECT_EQ(
          shell("LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings=w -E UTF-8 -l -Tutf8 -Z " + page + " >/dev/null"),
          "");
    }
    EXPECT_EQ(ilk::read_file(entry.path()).find("\t"), std::string::npos);
  }
  EXPECT_EQ(pages, commands().size() + 1);
}

TEST_F(ShellTest, AnUnknownCommandOrShellIsAnError) {
  EXPECT_EQ(run_program(folder_.path(), {"man", "clusters"}).status, 3);
  const auto result = run_program(folder_.path(), {"completions", "tcsh"});
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.err, HasSubstr("bash, fish or zsh"));
}

/// What bash offers for a line whose last word is under the cursor.
class BashTest : public ShellTest {
 protected:
  std::vector<std::string> offered(const std::vector<std::string>& words) {
    std::string line = "COMP_WORDS=(";
    for (const auto& word : words) line += " '" + word + "'";
    line +=
        ")\nCOMP_CWORD=" + std::to_string(words.size() - 1) + "\n_ilk\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
    const fs::path script = written("try.bash", ilk({"completions", "bash"}) + line);
    std::istringstream lines(shell("bash '" + script.string() + "'"));
    EXPECT_EQ(status_, 0);
    std::vector<std::string> found;
    for (std::string each; std::getline(lines, each);)
      if (!each.empty()) found.push_back(each);
    return found;
  }
};

TEST_F(BashTest, CompletesCommandsFlagsAndValues) {
  EXPECT_THAT(offered({"ilk", "clus"}), ElementsAre("cluster"));
  EXPECT_THAT(offered({"ilk", ""}), IsSupersetOf({"cluster", "assign", "models"}));
  EXPECT_THAT(offered({"ilk", ""}), Not(Contains("completions"))) << "it is hidden";
  EXPECT_THAT(offered({"ilk", "cluster", "PHOTOS/", "--meth"}), ElementsAre("--method"));
  EXPECT_THAT(offered({"ilk", "cluster", "--method", ""}), IsSupersetOf({"auto", "cae", "kmeans", "sac"}));
  EXPECT_THAT(offered({"ilk", "cluster", "--method", "=", "km"}), ElementsAre("kmeans"));
  EXPECT_THAT(offered({"ilk", "cluster", "--precision", "i"}), ElementsAre("int16"));
  EXPECT_THAT(offered({"ilk", "cluster", "--no-shr"}), ElementsAre("--no-shrink-on-load"));
  EXPECT_THAT(offered({"ilk", "cluster", "-k", "a"}), ElementsAre("auto"));
  EXPECT_THAT(offered({"ilk", "cluster", "--nouns", ""}), IsEmpty()) << "the shell completes files";
  EXPECT_THAT(offered({"ilk", "models", "g"}), ElementsAre("get"));
  EXPECT_THAT(offered({"ilk", "models", "get", "clip-vit-b-3"}), Contains("clip-vit-b-32"));
  EXPECT_THAT(offered({"ilk", "models", "get", "--e"}), ElementsAre("--endpoint"));
  EXPECT_THAT(offered({"ilk", "edit", "run/", "ren"}), ElementsAre("rename"));
  EXPECT_THAT(offered({"ilk", "export", "run/", "--to", "par"}), ElementsAre("parquet"));
}

TEST_F(ShellTest, ZshTakesItsScript) {
  if (!has("zsh")) GTEST_SKIP() << "there is no zsh";
  const fs::path script = written("_ilk", ilk({"completions", "zsh"}));
  EXPECT_EQ(shell("zsh -n '" + script.string() + "'"), "");
  EXPECT_EQ(status_, 0);
  // The completion system takes it, and its function stands.
  EXPECT_EQ(
      shell(
          "cd '" + folder_.path().string() +
          "' && zsh -f -c 'fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; print $_comps[ilk]'"),
      "_ilk\n");
}

TEST_F(ShellTest, FishCompletes) {
  if (!has("fish")) GTEST_SKIP() << "there is no fish";
  const fs::path script = written("ilk.fish", ilk({"completions", "fish"}));
  EXPECT_EQ(shell("fish -n '" + script.string() + "'"), "");
  const auto complete = [&](const std::string& line) {
    return shell("HOME='" + folder_.path().string() + "' fish --no-config -c \"source '" + script.string() +
                 "'; complete -C '" + line + "'\"");
  };
  EXPECT_THAT(complete("ilk clus"), HasSubstr("cluster\t"));
  EXPECT_THAT(complete("ilk cluster --meth"), HasSubstr("--method\t"));
  EXPECT_THAT(complete("ilk cluster --method km"), HasSubstr("kmeans"));
  EXPECT_THAT(complete("ilk models g"), HasSubstr("get\t"));
}

}  // namespace
