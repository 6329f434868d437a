#pragma once
#include <ilk/progress.h>

namespace ilk {

/// While it lives, parallel_blocks called by this thread asks `progress` before each block whether to go on,
/// and throws Stopped once it is told to stop. So long work that checks for a stop less often ends within a
/// block's time. Calls that are inside a block are left to finish. One at a time on a thread; the innermost
/// counts.
class StopBlocks {
 public:
  explicit StopBlocks(const Progress& progress);
  ~StopBlocks();
  StopBlocks(const StopBlocks&) = delete;
  StopBlocks& operator=(const StopBlocks&) = delete;

 private:
  const Progress* outer_;
};

}  // namespace ilk
