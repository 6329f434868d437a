#pragma once
// libvips at work: how it is started, what it complains of.
#include <ilk/image.h>

#include <string>

#include "io/image_format.h"
#include "io/vips_image.h"

namespace ilk {

/// Takes libvips's warnings on this thread while it lives; elsewhere they are dropped.
class WarningsKept {
 public:
  WarningsKept() { current = this; }
  ~WarningsKept() { current = nullptr; }
  WarningsKept(const WarningsKept&) = delete;
  WarningsKept& operator=(const WarningsKept&) = delete;
  const std::string& text() const { return text_; }

  static void log_handler(const char*, GLogLevelFlags level, const char* message, void*) {
    if (current && (level & G_LOG_LEVEL_WARNING)) current->text_ += std::string(message) + "\n";
  }

 private:
  static inline thread_local WarningsKept* current = nullptr;
  std::string text_;
};

/// Starts libvips once, and readies this thread for it. Throws Error where it does not start.
void start_vips();

/// libvips's error buffer, which belongs to the whole process, emptied.
std::string take_error_buffer();

/// libvips's complaints as one sentence: each once, without the names of its functions.
std::string error_text(const std::string& complaints);

/// What a file is refused with that libvips complains of.
ImageError error_of(const Content& content, const std::string& complaints);

}  // namespace ilk
