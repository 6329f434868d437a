#pragma once
#include <memory>
#include <mutex>

namespace ilk {

/// A value that is made by whoever asks for it first; thread-safe but for forget.
template <class Value>
class MadeWhenNeeded {
 public:
  /// `make` returns a std::unique_ptr<Value>. What it throws goes to whoever asked.
  template <class Make>
  const Value& get(const Make& make) const {
    const std::scoped_lock lock(mutex_);
    if (!value_) value_ = make();
    return *value_;
  }

  /// The next who asks makes it again. Nobody may use it meanwhile.
  void forget() { value_.reset(); }

 private:
  mutable std::mutex mutex_;
  mutable std::unique_ptr<Value> value_;
};

}  // namespace ilk
