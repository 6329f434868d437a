#include "fault_run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include "io/files.h"

namespace fs = std::filesystem;

namespace {

std::vector<LoggedCall> read_log(const fs::path& path) {
  std::vector<LoggedCall> calls;
  if (!fs::exists(path)) return calls;
  std::istringstream text(ilk::read_file(path));
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    LoggedCall call;
    words >> call.number >> call.what >> call.inode >> call.size;
    words.get();
    std::getline(words, call.path);
    if (const auto arrow = call.path.find(" -> "); arrow != std::string::npos) {
      call.target = call.path.substr(arrow + 4);
      call.path.resize(arrow);
    }
    calls.push_back(std::move(call));
  }
  return calls;
}

struct Synced {
  std::uint64_t size = 0;
  bool dirty = false;
};

/// By inode.
std::map<std::uint64_t, Synced> synced_after(const FaultRun& run) {
  std::map<std::uint64_t, Synced> files;
  for (const auto& [inode, size] : run.sizes_before) files[inode] = {size, false};
  for (const LoggedCall& call : run.calls) {
    if (call.what == "create") {
      files[call.inode] = {0, true};
    } else if (call.what == "write") {
      files[call.inode].dirty = true;
    } else if (call.what == "truncate") {
      files[call.inode].size = std::min(files[call.inode].size, call.size);
    } else if (call.what == "sync") {
      files[call.inode] = {call.size, false};
    } else if (call.what == "unlink") {
      files.erase(call.inode);
    }
  }
  return files;
}

std::map<std::uint64_t, std::uint64_t> sizes_below(const fs::path& folder) {
  std::map<std::uint64_t, std::uint64_t> sizes;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    struct stat status {};
    if (::lstat(entry.path().c_str(), &status) == 0 && S_ISREG(status.st_mode))
      sizes[status.st_ino] = static_cast<std::uint64_t>(status.st_size);
  }
  return sizes;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

FaultRun run_with_fault(const fs::path& folder, const fs::path& beside,
                        const std::vector<std::string>& arguments, const std::vector<std::string>& more,
                        std::uint64_t at, const std::string& how) {
  fs::create_directories(beside);
  const fs::path log = beside / "calls.txt", counter = beside / "counter", out = beside / "out.txt",
                 err = beside / "err.txt";
  fs::remove(log);
  ilk::write_file_atomically(counter, std::string(8, '\0'));
  std::vector<std::string> words{ILK_PROGRAM}, environment{"PATH=/usr/bin:/bin",
                                                           "LANG=C.UTF-8",
                                                           "ILK_MODELS=" ILK_SOURCE_DIR "/models",
                                                           "MALLOC_ARENA_MAX=1",
                                                           "no_proxy=127.0.0.1,localhost",
                                                           "XDG_CACHE_HOME=" + (folder / "cache").string(),
                                                           "XDG_DATA_HOME=" + (folder / "data").string(),
                                                           "LD_PRELOAD=" ILK_FAULT_LIBRARY,
                                                           "ILK_FAULTS_FOLDER=" + folder.string(),
                                                           "ILK_FAULTS_COUNTER=" + counter.string(),
                                                           "ILK_FAULTS_LOG=" + log.string(),
                                                           "ILK_FAULTS_AT=" + std::to_string(at),
                                                           "ILK_FAULTS_HOW=" + how};
  words.insert(words.end(), arguments.begin(), arguments.end());
  environment.insert(environment.end(), more.begin(), more.end());
  const auto argv = pointers(words), envp = pointers(environment);
  auto sizes_before = sizes_below(folder);
  const pid_t child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);  // what kills it kills the processes that it started too, and not the test
    if (::chdir(folder.c_str()) != 0) ::_exit(127);
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), 1);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), 2);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  if (child < 0) throw std::runtime_error("no process could be started");
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), ilk::read_file(out),
          ilk::read_file(err), read_log(log), std::move(sizes_before)};
}

void lose_unsynced(const fs::path& folder, const FaultRun& run) {
  const auto files = synced_after(run);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    struct stat status {};
    if (::lstat(entry.path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    const auto found = files.find(status.st_ino);
    if (found == files.end() || !found->second.dirty) continue;
    if (static_cast<std::uint64_t>(status.st_size) > found->second.size)
      fs::resize_file(entry.path(), found->second.size);
  }
}

std::string replaced_too_early(const std::vector<LoggedCall>& calls) {
  std::map<std::uint64_t, bool> dirty;
  for (const LoggedCall& call : calls) {
    if (call.what == "create" || call.what == "write" || call.what == "truncate") dirty[call.inode] = true;
    if (call.what == "sync") dirty[call.inode] = false;
    if ((call.what == "replace" || call.what == "rename") && dirty[call.inode])
      return call.path + " took the name " + call.target + " before its bytes were synced";
  }
  return "";
}
