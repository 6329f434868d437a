#if ILK_WITH_VIPS
#include "io/vips_library.h"

#include <cstdlib>

#include "io/lazy_library.h"

namespace ilk {

const VipsLibrary& vips() {
  static const VipsLibrary functions = [] {
    // $ILK_LIBVIPS names the file to take: a Python package brings libvips under another name.
    const char* set = std::getenv("ILK_LIBVIPS");
    const LazyLibrary library(set && *set ? set : ILK_VIPS_LIBRARY, "decoding images");
    VipsLibrary found{};
#define ILK_FIND(name) library.find(found.name, "vips_" #name);
    ILK_VIPS_FUNCTIONS(ILK_FIND)
#undef ILK_FIND
    library.find(found.object_unref, "g_object_unref");
    library.find(found.free, "g_free");
    library.find(found.log_set_handler, "g_log_set_handler");
    return found;
  }();
  return functions;
}

}  // namespace ilk
#endif
