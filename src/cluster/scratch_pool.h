#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace ilk::internal {

/// Working memory for blocks that run at the same time: as many pieces are made as blocks ever run at once.
template <class Scratch>
class ScratchPool {
 public:
  explicit ScratchPool(std::function<std::unique_ptr<Scratch>()> make) : make_(std::move(make)) {}

  /// Runs body(scratch) with a piece that no one else has meanwhile.
  template <class Body>
  void use(Body body) {
    std::unique_ptr<Scratch> piece = take();
    body(*piece);
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(piece));
  }

  /// All pieces; only while no block runs.
  const std::vector<std::unique_ptr<Scratch>>& all() const { return free_; }

 private:
  std::unique_ptr<Scratch> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto piece = std::move(free_.back());
        free_.pop_back();
        return piece;
      }
    }
    return make_();
  }

  std::function<std::unique_ptr<Scratch>()> make_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Scratch>> free_;
};

}  // namespace ilk::internal
