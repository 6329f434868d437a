#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "io/file_lock.h"

namespace ilk {

/// One run, export or inspection at a time works in a folder. The lock's file goes with its holder; a process
/// that is killed leaves the file but no lock.
class RunDirectoryLock {
 public:
  /// Creates the directory where it is missing. Throws WriteError where another one is at work in it:
  /// "another `work` is at work in …".
  explicit RunDirectoryLock(const std::filesystem::path& directory, std::string_view work = "run");
  ~RunDirectoryLock();
  RunDirectoryLock(const RunDirectoryLock&) = delete;
  RunDirectoryLock& operator=(const RunDirectoryLock&) = delete;

 private:
  FileLock lock_;
};

/// Whether a run directory may begin here: none of the files is a stranger's. What a run that was killed may
/// leave before its first file (the lock's, a first file that has no name yet) does not count.
bool holds_no_other_files(const std::filesystem::path& directory, std::string_view lock = ".lock",
                          std::string_view first_file = "manifest.json");

/// What killed runs left of files that they had not finished. Only for who holds the lock.
void remove_unfinished_files(const std::filesystem::path& directory);

/// Throws Error where the directory is no run with such a file: it is not there, is no folder, holds
/// something else, or its run has not ended (unfinished_run_notice).
void require_run(const std::filesystem::path& directory, std::string_view file, std::string_view function);

/// A sentence where the manifest of a run directory says that its run has not ended ("running"); else empty.
/// Files of an earlier run may then lie beside newer ones.
std::string unfinished_run_notice(const std::filesystem::path& directory);

}  // namespace ilk
