// What the program says, and where what it writes goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "bad_files.h"
#include "io/file_lock.h"
#include "io/files.h"
#include "matrices.h"
#include "npy_files.h"
#include "program.h"
#include "temporary_directory.h"

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
namespace fs = std::filesystem;

/// A run on features from a file, which needs no model and takes no time.
class Messages : public testing::Test {
 protected:
  Messages() { write_npy(folder() / "X.npy", random_matrix(40, 8, 1)); }

  fs::path folder() const { return folder_.path(); }
  std::string path(const std::string& name) const { return (folder() / name).string(); }
  std::vector<std::string> cluster(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"cluster", "--features", path("X.npy"), "--method", "kmeans",
                                       "-k",      "3",          "-o",          path("run")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  ProgramResult run(const std::vector<std::string>& arguments, const std::string& out = "") const {
    return Program(folder(), arguments, 0, out).wait();
  }
  void expect_said(const std::vector<std::string>& arguments, int status, const std::string& text) const {
    const auto result = run(arguments);
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(text));
    EXPECT_THAT(result.err, Not(HasSubstr("["))) << "the name of a function";
  }
  void mark_as_running() const {
    auto manifest = nlohmann::json::parse(ilk::read_file(folder() / "run" / "manifest.json"));
    manifest["status"] = "running";
    ilk::write_file_atomically(folder() / "run" / "manifest.json", manifest.dump());
  }

 private:
  TemporaryDirectory folder_;
};

TEST_F(Messages, AFullStandardOutputIsAnErrorOfEveryCommand) {
  ASSERT_EQ(run(cluster()).status, 0);
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--version"},
                                                    {"--help"},
                                                    {"cluster", "--help"},
                                                    {"models", "list"},
                                                    {"datasets", "list"},
                                                    {"eval", path("run")},
                                                    {"eval", path("run"), "--json"},
                                                    {"compare", path("run"), path("run")},
                                                    {"assign", path("run"), "--features", path("X.npy")},
                                                    cluster({"--json"}),
                                                    cluster()}) {
    const auto result = run(arguments, "/dev/full");
    EXPECT_EQ(result.status, 1) << arguments[0];
    EXPECT_THAT(result.err, HasSubstr("cannot write to standard output: No space left on device."))
        << arguments[0];
  }
  const auto closed = run({"models", "list"}, "-");
  EXPECT_EQ(closed.status, 1);
  EXPECT_THAT(closed.err, HasSubstr("cannot write to standard output"));
}

TEST_F(Messages, WhatIsFullExitsWithOneAndKeepsTheDevice) {
  ASSERT_EQ(run(cluster()).status, 0);
  fs::create_symlink("/dev/full", folder() / "full");
  const auto full = run({"assign", path("run"), "--features", path("X.npy"), "-o", path("full")});
  EXPECT_EQ(full.status, 1);
  EXPECT_THAT(full.err, HasSubstr("cannot write \"" + path("full") + "\": No space left on device."));
  EXPECT_TRUE(fs::is_character_file(folder() / "full"));

  const auto printed = run({"assign", path("run"), "--features", path("X.npy")});
  const auto written = run({"assign", path("run"), "--features", path("X.npy"), "-o", "/dev/stdout"});
  EXPECT_EQ(written.status, 0) << written.err;
  EXPECT_EQ(written.out, printed.out);
  EXPECT_THAT(written.out, StartsWith("path,cluster"));

  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = ilk::read_file(folder() / "pipe"); });
  EXPECT_EQ(run({"assign", path("run"), "--features", path("X.npy"), "-o", path("pipe")}).status, 0);
  reader.join();
  EXPECT_EQ(read, printed.out);
  expect_said({"assign", path("run"), "--features", path("X.npy"), "-o", path("X.npy/below.csv")}, 1,
              "cannot write to the folder \"" + path("X.npy") + "\": Not a directory.");
}

TEST_F(Messages, ASecondRunInADirectoryIsRefused) {
  ASSERT_EQ(run(cluster()).status, 0);
  const std::string before = ilk::read_file(folder() / "run" / "assignments.csv");
  {
    ilk::FileLock lock(folder() / "run" / ".lock");
    ASSERT_TRUE(lock.try_lock(ilk::FileLock::Kind::exclusive));
    expect_said(cluster({"--seed", "5"}), 1, "another run is at work in " + path("run"));
    EXPECT_EQ(ilk::read_file(folder() / "run" / "assignments.csv"), before);
  }
  EXPECT_EQ(run(cluster({"--seed", "5"})).status, 0) << "the lock of a process that is gone is none";
  EXPECT_FALSE(fs::exists(folder() / "run" / ".lock"));

  // In a new directory, started at once: one run, whole.
  std::vector<std::string> a = cluster(), b = cluster();
  a[8] = b[8] = path("both");
  b[6] = "7";
  fs::create_directories(folder() / "a");
  fs::create_directories(folder() / "b");
  const Program first(folder() / "a", a), second(folder() / "b", b);
  const auto one = first.wait(), other = second.wait();
  const auto manifest = nlohmann::json::parse(ilk::read_file(folder() / "both" / "manifest.json"));
  const auto clusters = nlohmann::json::parse(ilk::read_file(folder() / "both" / "clusters.json"));
  EXPECT_EQ(manifest["summary"]["clusters"].size(), clusters.size());
  EXPECT_EQ(manifest["status"], "complete");
  EXPECT_TRUE(one.status == 0 || other.status == 0);
  for (const auto& result : {one, other})
    EXPECT_TRUE(result.status == 0 || result.err.find("another run is at work in") != std::string::npos)
        << result.err;
}

TEST_F(Messages, WhatAKilledRunLeftBeforeItsManifestIsNoStrangersFile) {
  fs::create_directory(folder() / "run");
  ilk::write_file_atomically(folder() / "run" / ".lock", "");
  ilk::write_file_atomically(folder() / "run" / "manifest.json.tmp-4711-0", "{");
  ASSERT_EQ(run(cluster()).status, 0);
  EXPECT_FALSE(fs::exists(folder() / "run" / "manifest.json.tmp-4711-0"));
  fs::remove(folder() / "run" / "manifest.json");
  expect_said(cluster(), 3, "holds other files");
}

TEST_F(Messages, ARunThatIsNotCompleteIsSaidToBe) {
  ASSERT_EQ(run(cluster()).status, 0);
  EXPECT_THAT(run({"eval", path("run")}).err, Not(HasSubstr("not complete")));
  mark_as_running();
  const std::string text = "The run in " + path("run") + " is not complete";
  EXPECT_THAT(run({"eval", path("run")}).err, HasSubstr(text));
  EXPECT_THAT(nlohmann::json::parse(run({"eval", path("run"), "--json"}).out)["notice"].get<std::string>(),
              HasSubstr(text));
  EXPECT_THAT(run({"assign", path("run"), "--features", path("X.npy")}).err, HasSubstr(text));
  fs::remove(folder() / "run" / "assignments.csv");
  fs::remove(folder() / "run" / "features.safetensors");
  expect_said({"eval", path("run")}, 3, text);
  expect_said({"assign", path("run"), "--features", path("X.npy")}, 3, text);
}

TEST_F(Messages, ADamagedRunDirectoryIsAnErrorAndNothingWorse) {
  ASSERT_EQ(run(cluster()).status, 0);
  const fs::path whole = folder() / "run", damaged = folder() / "damaged";
  for (const std::string name :
       {"assignments.csv", "clusters.json", "features.safetensors", "manifest.json"}) {
    const std::string bytes = ilk::read_file(whole / name);
    const std::string huge = "\xff\xff\xff\xff\xff\xff\xff\x7f{}";
    for (const std::string& other :
         {std::string(), bytes.substr(0, bytes.size() / 2), bytes.substr(bytes.size() / 2), huge,
          std::string(5000, '['), std::string("[{\"name\": 7}]"), std::string("{\"status\": {}}")}) {
      fs::remove_all(damaged);
      fs::copy(whole, damaged);
      ilk::write_file_atomically(damaged / name, other);
      for (const std::vector<std::string>& command :
           {std::vector<std::string>{"eval", damaged.string()},
            {"assign", damaged.string(), "--features", path("X.npy")},
            {"compare", damaged.string(), whole.string()}}) {
        const auto result = run(command);
        EXPECT_TRUE(result.status == 0 || result.status == 3)
            << command[0] << ", " << name << " of " << other.size() << " bytes: " << result.status << " "
            << result.err;
      }
    }
  }
}

TEST_F(Messages, MistakesAreAnsweredInTheUsersWords) {
  expect_said({"Meine Fotos"}, 2,
              "Unknown command \"Meine Fotos\". To cluster a folder: `ilk cluster \"Meine Fotos\" -k 12`");
  expect_said({"clutser", "x"}, 2, "Unknown command \"clutser\". Did you mean \"cluster\"?");
  expect_said({"help"}, 2, "Unknown command \"help\". Did you mean --help?");
  expect_said({"-k", "3", "x"}, 2,
              "There is no flag -k. The command comes first: `ilk cluster PHOTOS/ -k 12`");
  expect_said(cluster({"-n", "3"}), 2, "There is no flag -n. Did you mean -k?");
  expect_said({"eval", path("run"), "-z"}, 2, "There is no flag -z.\n");
  expect_said({"cluster", "cifar10", "-k", "3"}, 3,
              "the data set 'cifar10' is not here yet; `ilk datasets get cifar10` fetches it.");
  expect_said(cluster({"--gpu"}), 2, "There is no flag --gpu. Did you mean --device cuda?");
  expect_said(cluster({"--epsilom", "1"}), 2, "Did you mean --epsilon?");
  expect_said({"models", "get"}, 2, "`ilk models get` needs NAME: A name from `ilk models list`");
  expect_said({"bench", "--dataset", "cifar10"}, 3,
              "the data set 'cifar10' is not here yet; `ilk datasets get cifar10` fetches it.");
  expect_said({"vocab", "build", "--nouns", "nouns.txt"}, 3, "there is no file 'nouns.txt'");
  expect_said({"models", "get"}, 2, "Help: `ilk models get --help`");
  expect_said({"models"}, 2, "`ilk models` needs one of: list, get, verify, path.");
  expect_said({"caption", "x"}, 2, "needs --endpoint");
  expect_said(cluster({"--seed", "-1"}), 2, "must be 0 or more, got -1");
  expect_said(cluster({"--seed", "18446744073709551616"}), 2, "must be between 0 and 18446744073709551615");
  expect_said(cluster({"--exemplars", "01001"}), 3, "must be between 0 and 1000, got 1001");  // not octal
  expect_said(cluster({"--n-init", "many"}), 2, "--n-init takes a whole number, got \"many\".");
  expect_said(cluster({"--epsilon", "x"}), 2, "--epsilon takes a number, got \"x\".");
  expect_said(cluster({"--fusion", "sun"}), 2, "ilk: --fusion must be concat, sum or plain, got 'sun'.");
  expect_said(cluster({"--epsilon", "-1"}), 3, "ilk: --epsilon must be at least 0, got -1.");
  expect_said(cluster({"--method", "cae"}), 2, "--method is given more than once.");
  expect_said(cluster({"--nouns"}), 2, "--nouns needs a value: ");
  expect_said({"cluster", "--features", path("X.npy"), "-k", "3", "--method", "cae", "-o", path("n")}, 3,
              "--noun-features");
  expect_said({"cluster", "--features", path("X.npy"), "-k", "3", "--captions", "c.csv", "-o", path("n")}, 3,
              "ilk: --captions must not be given with --features");
  expect_said(cluster({"--labels", path("none.csv")}), 3, "ilk: ");
  expect_said({"eval", path("run"), "--labels", "a", "--dataset", "b"}, 3, "ilk: ");
}

TEST_F(Messages, TheUsualLetterMeansK) {
  std::vector<std::string> arguments = cluster();
  for (const std::vector<std::string>& letters :
       {std::vector<std::string>{"--k", "4"}, {"--K", "4"}, {"--k=4"}, {"--K=4"}}) {
    std::vector<std::string> other(arguments.begin(), arguments.begin() + 5);
    other.insert(other.end(), letters.begin(), letters.end());
    other.insert(other.end(), arguments.begin() + 7, arguments.end());
    ASSERT_EQ(run(other).status, 0) << letters.front();
    const auto clusters = nlohmann::json::parse(ilk::read_file(folder() / "run" / "clusters.json"));
    EXPECT_EQ(clusters.size(), 4u) << letters.front();
  }
}

TEST_F(Messages, HelpShowsWhatMattersFirstAndEachOptionOnce) {
  const std::string help = run({"cluster", "--help"}).out, all = run({"cluster", "--help-all"}).out;
  const auto options = help.find("Options that matter");
  ASSERT_NE(options, std::string::npos) << help;
  EXPECT_LT(help.find("-k,--n-clusters"), help.find("--output"));
  EXPECT_LT(std::count(help.begin(), help.end(), '\n'), 60) << help;
  EXPECT_THAT(
      help, AllOf(HasSubstr("More, with --help-all: "), HasSubstr("Transport"), Not(HasSubstr("--epsilon"))));
  for (const char* flag :
       {"--epsilon", "--gamma", "--kmeans-tolerance", "--transport-tolerance", "-k,--n-clusters"})
    EXPECT_THAT(all, HasSubstr(flag));
  EXPECT_THAT(all, Not(HasSubstr("--fusion-fusion")));
  EXPECT_THAT(all, Not(HasSubstr("--fusion,--")));
  EXPECT_THAT(run({"models", "get", "--help"}).out, HasSubstr("ilk models get"));
  for (const std::vector<std::string>& command : {std::vector<std::string>{"cluster"},
                                                  {"assign"},
                                                  {"caption"},
                                                  {"eval"},
                                                  {"compare"},
                                                  {"bench"},
                                                  {"datasets", "list"},
                                                  {"datasets", "get"},
                                                  {"datasets", "info"},
                                                  {"models", "list"},
                                                  {"models", "get"},
                                                  {"models", "verify"},
                                                  {"models", "path"},
                                                  {"vocab", "build"},
                                                  {"vocab", "info"}}) {
    std::string name = "ilk";
    std::vector<std::string> arguments = command;
    for (const auto& word : command) name += " " + word;
    arguments.emplace_back("--help");
    const std::string text = run(arguments).out;
    const auto example = text.find("Example");
    ASSERT_NE(example, std::string::npos) << name;
    EXPECT_NE(text.find("  " + name, example), std::string::npos) << name << " shows no example of its own";
  }
}

/// What the program writes to a terminal.
std::string on_a_terminal(const fs::path& folder, const std::vector<std::string>& arguments) {
  int master = -1;
  const pid_t child = ::forkpty(&master, nullptr, nullptr, nullptr);
  if (child == 0) {
    std::vector<std::string> words{ILK_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  std::string text;
  char piece[4096];
  for (ssize_t count = 0; (count = ::read(master, piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(count));
  ::close(master);
  ::waitpid(child, nullptr, 0);
  return text;
}

TEST_F(Messages, ControlCharactersOfNamesNeverReachATerminal) {
  const std::string title = "\x1b]0;owned\x07", shown = "\\x1b]0;owned\\x07";
  std::string names;
  for (int i = 0; i < 40; ++i) names += "a" + title + std::to_string(i) + "\n";
  ilk::write_file_atomically(folder() / "names.txt", names);
  const auto clustered = on_a_terminal(folder(), cluster({"--names", path("names.txt")}));
  EXPECT_THAT(clustered, Not(HasSubstr(title)));
  const fs::path pictures = folder() / "pictures";
  make_good_images(pictures, 8);
  ilk::write_file_atomically(pictures / ("b" + title + ".png"), "no picture");
  const auto caption =
      on_a_terminal(folder(), {"caption", pictures.string(), "-o", path("c.jsonl"), "--endpoint",
                               "http://127.0.0.1:1/v1", "--vlm-model", "m", "--dry-run"});
  EXPECT_THAT(caption, AllOf(HasSubstr("b" + shown), Not(HasSubstr(title))));
  const auto unknown = on_a_terminal(folder(), {"x" + title});
  EXPECT_THAT(unknown, AllOf(HasSubstr(shown), Not(HasSubstr(title))));
  const auto missing = on_a_terminal(folder(), {"eval", path("none" + title)});
  EXPECT_THAT(missing, AllOf(HasSubstr(shown), Not(HasSubstr(title))));
  ASSERT_EQ(run(cluster({"--names", path("names.txt")})).status, 0);
  EXPECT_THAT(ilk::read_file(folder() / "run" / "assignments.csv"), HasSubstr(title))
      << "files keep names as they are";
}

}  // namespace
