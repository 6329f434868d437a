#if ILK_WITH_LIBRAW
#include "io/raw_library.h"

#include "io/lazy_library.h"

namespace ilk {

const RawLibrary& libraw() {
  static const RawLibrary functions = [] {
    const LazyLibrary library(ILK_LIBRAW_LIBRARY, "reading camera raw files");
    RawLibrary found{};
#define ILK_FIND(name) library.find(found.name, "libraw_" #name);
    ILK_RAW_FUNCTIONS(ILK_FIND)
#undef ILK_FIND
    return found;
  }();
  return functions;
}

}  // namespace ilk
#endif
