#include <ilk/error.h>
#include <ilk/progress.h>

namespace ilk {

void Progress::start(std::string_view, std::int64_t, std::string_view) {}
void Progress::advance(std::int64_t) {}
void Progress::finish() {}
void Progress::conclude(std::string_view) {
  finish();
}
void Progress::say(std::string_view) {}
bool Progress::stop_requested() const {
  return false;
}

void Progress::check_stop() const {
  if (stop_requested()) throw Stopped();
}

Progress& silent() {
  static Progress progress;
  return progress;
}

}  // namespace ilk
