#if ILK_WITH_EXEMPI
#include "export/exempi_library.h"

#include "core/fail.h"
#include "io/lazy_library.h"

namespace ilk {

const ExempiLibrary& exempi() {
  static const ExempiLibrary functions = [] {
    const LazyLibrary library(ILK_EXEMPI_LIBRARY, "writing XMP");
    ExempiLibrary found{};
#define ILK_FIND(name) library.find(found.name, "xmp_" #name);
    ILK_EXEMPI_FUNCTIONS(ILK_FIND)
#undef ILK_FIND
    require(found.init(), "library", "Exempi, which writes XMP, could not be started.");
    return found;
  }();
  return functions;
}

}  // namespace ilk
#endif
