#pragma once
// One run of the program under the library that makes its calls fail.
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// A line of the library's log.
struct LoggedCall {
  std::uint64_t number = 0, inode = 0, size = 0;
  std::string what;  ///< create, write, truncate, sync, rename, replace, link, symlink, mkdir, unlink, times
  std::string path;  ///< for a rename the old one
  std::string target;
};

struct FaultRun {
  int status = -1;  ///< exit status, or −signal
  std::string out, err;
  std::vector<LoggedCall> calls;
  std::map<std::uint64_t, std::uint64_t> sizes_before;  ///< of the files there were, by inode
};

/// Runs `arguments` with `folder` as the working directory; caches are below it. What the run prints and its
/// log lie in `beside`, which does not count. `at` 0: nothing goes wrong.
FaultRun run_with_fault(const std::filesystem::path& folder, const std::filesystem::path& beside,
                        const std::vector<std::string>& arguments,
                        const std::vector<std::string>& environment, std::uint64_t at,
                        const std::string& how);

/// As after a power cut: files below `folder` that were written and not synced end where they were synced
/// last.
void lose_unsynced(const std::filesystem::path& folder, const FaultRun& run);

/// A sentence about the first file that took the name of another before its bytes were synced; else empty.
std::string replaced_too_early(const std::vector<LoggedCall>& calls);
