#if ILK_WITH_CURL
#include "io/curl_library.h"

#include "io/lazy_library.h"

namespace ilk {

const CurlLibrary& curl() {
  static const CurlLibrary functions = [] {
    const LazyLibrary library(ILK_CURL_LIBRARY, "reaching the network");
    CurlLibrary found{};
#define ILK_FIND(name) library.find(found.name, "curl_" #name);
    ILK_CURL_FUNCTIONS(ILK_FIND)
#undef ILK_FIND
    return found;
  }();
  return functions;
}

}  // namespace ilk
#endif
