#include "child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <sstream>

#include "core/fail.h"
#include "io/files.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

constexpr std::string_view in_bench = "bench";

/// Not start_process, since the child is to end with its parent. Nothing but system calls: other threads of
/// the parent may hold any lock.
[[noreturn]] void become(char* const* argv, int output, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execv("/proc/self/exe", argv);
  _exit(127);
}

/// Waits for the end, and passes an interrupt on, once.
int wait_for(pid_t child, rusage& usage) {
  const int watched = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  for (bool told = false; watched >= 0;) {
    pollfd ended{.fd = watched, .events = POLLIN};
    if (poll(&ended, 1, 200) > 0) break;
    if (interrupted() && !std::exchange(told, true)) kill(child, SIGTERM);
  }
  if (watched >= 0) close(watched);
  int status = 0;
  while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// The program's own sentence about what went wrong, else the last line.
std::string error_in(const std::filesystem::path& log) {
  std::istringstream text(read_file(log));
  std::string error;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("ilk: ") || line.starts_with("ilk failed: ")) return line;
    if (!line.empty()) error = line;
  }
  return error;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

BenchProcess run_again(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  std::error_code error;
  std::filesystem::create_directories(log.parent_path(), error);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (output < 0) fail_to_write(in_bench, log);
  std::vector<std::string> words{"ilk"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const auto begin = std::chrono::steady_clock::now();
  const pid_t parent = getpid(), child = fork();
  if (child == 0) become(argv.data(), output, parent);
  const int reason = errno;
  close(output);
  require(child > 0, in_bench, "no process could be started: ", std::strerror(reason), ".");
  rusage usage{};
  BenchProcess process{.status = wait_for(child, usage)};
  process.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  process.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  if (process.status != 0) process.error = error_in(log);
  return process;
}

}  // namespace ilk::cli
