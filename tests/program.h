#pragma once
// Runs the built program as a user would.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "io/files.h"

struct ProgramResult {
  int status = -1;  ///< exit status, or −signal
  std::string out, err;
};

/// A started program; output goes to files in `folder`. Its caches are below `folder` too. It may map no more
/// than `address_space` bytes (0: as much as it likes); what it maps does not depend on what its threads
/// happen to do at once. `standard_output` names a file that is there (a device) for its output; "-" closes
/// it.
class Program {
 public:
  Program(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
          std::uint64_t address_space = 0, const std::string& standard_output = "")
      : folder_(folder) {
    const std::string out = (folder_ / "out.txt").string(), err = (folder_ / "err.txt").string();
    std::vector<std::string> words{ILK_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string cache = "XDG_CACHE_HOME=" + (folder_ / "cache").string(),
                      data = "XDG_DATA_HOME=" + (folder_ / "data").string();
    pid_ = fork();
    if (pid_ != 0) return;
    putenv(const_cast<char*>(cache.c_str()));
    putenv(const_cast<char*>(data.c_str()));
    // Otherwise each thread that meets another in malloc maps an arena for itself.
    setenv("MALLOC_ARENA_MAX", "1", 1);
    if (address_space > 0) {
      const rlimit limit{address_space, address_space};
      setrlimit(RLIMIT_AS, &limit);
    }
    dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), 1);
    dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), 2);
    dup2(open("/dev/null", O_RDONLY), 0);
    if (standard_output == "-")
      close(1);
    else if (!standard_output.empty())
      dup2(open(standard_output.c_str(), O_WRONLY), 1);
    execv(argv[0], argv.data());
    _exit(127);
  }

  void signal(int number) const { kill(pid_, number); }

  /// Watches it to its end; the most bytes that it had mapped.
  std::uint64_t peak_address_space() const {
    std::uint64_t peak = 0;
    for (siginfo_t ended{}; ended.si_pid == 0; usleep(1000)) {
      std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
      for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmPeak:")) peak = std::stoull(line.substr(7)) * 1024;
      if (waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) != 0) break;
    }
    return peak;
  }

  ProgramResult wait() const {
    int status = 0;
    waitpid(pid_, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), ilk::read_file(folder_ / "out.txt"),
            ilk::read_file(folder_ / "err.txt")};
  }

 private:
  std::filesystem::path folder_;
  pid_t pid_ = -1;
};

inline ProgramResult run_program(const std::filesystem::path& folder,
                                 const std::vector<std::string>& arguments) {
  return Program(folder, arguments).wait();
}
