#include "pipeline/run_directory_lock.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "io/files.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
constexpr const char* lock_name = ".lock";

/// "manifest.json.tmp-4711-0", as AtomicFile calls what is not finished.
bool is_unfinished(const std::string& name) {
  const std::size_t mark = name.rfind(".tmp-");
  return mark != std::string::npos && name.find_first_not_of("0123456789-", mark + 5) == std::string::npos;
}

}  // namespace

RunDirectoryLock::RunDirectoryLock(const fs::path& directory, std::string_view work)
    : lock_(directory / lock_name) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error)
    throw WriteError("run",
                     "cannot write to the folder \"" + directory.string() + "\": " + error.message() + ".");
  if (!lock_.try_lock(FileLock::Kind::exclusive))
    throw WriteError("run", "another " + std::string(work) + " is at work in " + directory.string() +
                                "; wait for its end, or give this one another output.");
}

RunDirectoryLock::~RunDirectoryLock() {
  std::error_code ignored;
  fs::remove(lock_.path(), ignored);
}

bool holds_no_other_files(const fs::path& directory, std::string_view lock, std::string_view first_file) {
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  return !error && std::all_of(begin(entries), end(entries), [&](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    return name == lock || (name.starts_with(first_file) && is_unfinished(name));
  });
}

void remove_unfinished_files(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(directory, error))
    if (is_unfinished(entry.path().filename().string())) found.push_back(entry.path());
  for (const auto& path : found) fs::remove(path, error);
}

void require_run(const fs::path& directory, std::string_view file, std::string_view function) {
  std::error_code error;
  if (fs::is_regular_file(directory / file, error)) return;
  const std::string notice = unfinished_run_notice(directory);
  require(notice.empty(), function, notice);
  const auto status = fs::status(directory, error);
  std::string what = "it has no " + std::string(file);
  if (!fs::exists(status))
    what = "there is no such folder";
  else if (!fs::is_directory(status))
    what = "it is a file";
  fail(function, directory, " must be a finished run, a folder that `ilk cluster` left; ", what, ".");
}

std::string unfinished_run_notice(const fs::path& directory) {
  std::error_code error;
  const fs::path manifest = directory / "manifest.json";
  if (!fs::is_regular_file(manifest, error)) return "";
  const auto found = nlohmann::json::parse(read_file(manifest), nullptr, false);
  if (!found.is_object()) return "";
  const auto status = found.find("status");
  if (status == found.end() || *status != "running") return "";
  return "The run in " + directory.string() +
         " is not complete: it is still running, or was stopped. Its files may be of different runs; give "
         "its command again to complete it.";
}

}  // namespace ilk
