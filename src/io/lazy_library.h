#pragma once
#include <dlfcn.h>

#include "core/fail.h"

namespace ilk {

/// A shared library that is loaded when it is first needed and stays for good: what a command does not use
/// costs it no time to start. Throws Error saying what is missing, for `purpose` ("decoding images").
class LazyLibrary {
 public:
  LazyLibrary(const char* name, const char* purpose)
      : name_(name), handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ != nullptr) return;
    const char* reason = dlerror();
    fail("library", purpose, " needs the library ", name,
         ", which cannot be loaded: ", reason != nullptr ? reason : "no reason is given", ".");
  }

  /// Sets `function` to the library's function of that name, or of one that it needs.
  template <class Function>
  void find(Function*& function, const char* symbol) const {
    function = reinterpret_cast<Function*>(dlsym(handle_, symbol));
    require(function != nullptr, "library", name_, " is too old: it has no ", symbol, ".");
  }

 private:
  const char* name_;
  void* handle_;
};

}  // namespace ilk
