#include "io/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "core/fail.h"
#include "io/descriptor.h"

namespace ilk::internal {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      fail("run_process", "cannot make a pipe: ", std::strerror(errno), ".");
    from = ends[0], to = ends[1];
  }
  ~Pipe() {
    close_writing_end();
    ::close(from);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_writing_end() {
    if (to >= 0) ::close(to);
    to = -1;
  }
  int from = -1, to = -1;
};

struct Actions {
  Actions() { ::posix_spawn_file_actions_init(&value); }
  ~Actions() { ::posix_spawn_file_actions_destroy(&value); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  posix_spawn_file_actions_t value{};
};

int wait_for(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const auto begin = text.find_last_of("\r\n");
  return begin == std::string::npos ? text : text.substr(begin + 1);
}

}  // namespace

bool on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto file = std::filesystem::path(folder.empty() ? "." : folder) / program;
    std::error_code error;
    if (std::filesystem::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0) return true;
  }
  return false;
}

int start_process(const std::vector<std::string>& arguments, std::optional<int> output,
                  std::optional<int> error) {
  Actions actions;
  const auto connect = [&](int stream, std::optional<int> file, int mode) {
    if (file)
      ::posix_spawn_file_actions_adddup2(&actions.value, *file, stream);
    else
      ::posix_spawn_file_actions_addopen(&actions.value, stream, "/dev/null", mode, 0);
  };
  connect(STDIN_FILENO, std::nullopt, O_RDONLY);
  connect(STDOUT_FILENO, output, O_WRONLY);
  connect(STDERR_FILENO, error, O_WRONLY);
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_t process = -1;
  const int failure = ::posix_spawnp(&process, words.front(), &actions.value, nullptr, words.data(), environ);
  require(failure == 0, "run_process", "cannot start ", arguments.front(), ": ", std::strerror(failure), ".");
  return process;
}

ProcessOutput run_process(const std::vector<std::string>& arguments, std::size_t most_output,
                          std::chrono::seconds limit) {
  constexpr std::size_t most_error = 4096;
  Pipe out, error;
  const pid_t process = start_process(arguments, out.to, error.to);
  out.close_writing_end();
  error.close_writing_end();
  const auto end = std::chrono::steady_clock::now() + limit;
  ProcessOutput result;
  std::array<pollfd, 2> waiting{{{out.from, POLLIN, 0}, {error.from, POLLIN, 0}}};
  std::array<char, 1 << 16> buffer{};
  while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    result.timed_out = left <= 0;
    result.too_much = result.out.size() > most_output;
    if (result.timed_out || result.too_much) {
      ::kill(process, SIGKILL);
      break;
    }
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left)) < 0 && errno != EINTR) break;
    for (pollfd& one : waiting) {
      if (one.fd < 0 || one.revents == 0) continue;
      const ssize_t count = ::read(one.fd, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        one.fd = -1;
        continue;
      }
      std::string& text = &one == waiting.data() ? result.out : result.error;
      text.append(buffer.data(), static_cast<std::size_t>(count));
      if (&text == &result.error && text.size() > most_error) text.erase(0, text.size() - most_error);
    }
  }
  result.status = wait_for(process);
  result.error = last_line(result.error);
  return result;
}

}  // namespace ilk::internal
