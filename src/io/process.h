#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ilk::internal {

struct ProcessOutput {
  int status = 0;     ///< exit status, or −signal
  std::string out;    ///< standard output, at most `most_output` bytes
  std::string error;  ///< the last line of standard error, at most a few hundred bytes
  bool timed_out = false;
  bool too_much = false;  ///< it wrote more than `most_output`
};

/// Whether `program` is a file on PATH that may be run.
bool on_path(const std::string& program);

/// Starts a program of PATH without a shell and without input, and gives its process; what it writes goes to
/// the given files, else nowhere. Throws Error where it cannot be started.
int start_process(const std::vector<std::string>& arguments, std::optional<int> output = {},
                  std::optional<int> error = {});

/// Runs a program of PATH without a shell and without input, and waits for it; it is killed after `limit` or
/// when it writes too much. Any number of threads may call it. Throws Error where it cannot be started.
ProcessOutput run_process(const std::vector<std::string>& arguments, std::size_t most_output,
                          std::chrono::seconds limit);

}  // namespace ilk::internal
