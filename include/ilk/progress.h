#pragma once
#include <cstdint>
#include <string_view>

namespace ilk {

/// How long work tells its caller how far it is, and asks whether to go on. The library never prints; the
/// program and the bindings derive from this. All calls may come from any thread, `start` … `finish` in
/// order.
class Progress {
 public:
  virtual ~Progress() = default;
  /// A stage begins: `total` things of this unit (-1 where the number is unknown).
  virtual void start(std::string_view stage, std::int64_t total, std::string_view unit);
  /// `count` more things are done.
  virtual void advance(std::int64_t count);
  virtual void finish();
  /// The same, where a sentence says more of the stage than its count does.
  virtual void conclude(std::string_view sentence);
  /// One sentence that the user should read (a repaired cache, a transport that did not converge).
  virtual void say(std::string_view sentence);
  virtual bool stop_requested() const;

  /// Throws Stopped if a stop was asked for.
  void check_stop() const;
};

/// A Progress that says nothing and never stops.
Progress& silent();

}  // namespace ilk
