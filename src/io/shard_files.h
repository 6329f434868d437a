#pragma once

#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "io/files.h"

namespace ilk::internal {

/// Archives that are read at any place. A gzipped one is unpacked into a temporary file without a name, and
/// the last few of these are kept: read in order, each is unpacked once.
class ShardFiles {
 public:
  explicit ShardFiles(std::vector<std::filesystem::path> paths) : paths_(std::move(paths)) {}
  /// Any number of threads may call it. Throws Error naming the path.
  std::shared_ptr<const InputFile> open(std::size_t shard);

 private:
  std::vector<std::filesystem::path> paths_;
  std::mutex mutex_;
  std::list<std::pair<std::size_t, std::shared_ptr<const InputFile>>> unpacked_;  // the last used first
};

}  // namespace ilk::internal
