#pragma once
// The functions of libcurl that ilk uses. Only for files compiled where its headers are there.
#define CURL_DISABLE_TYPECHECK  // its macros of the functions' names
#include <curl/curl.h>

namespace ilk {

// Each without its prefix curl_.
// clang-format off
#define ILK_CURL_FUNCTIONS(X) \
  X(easy_cleanup) \
  X(easy_getinfo) \
  X(easy_init) \
  X(easy_setopt) \
  X(easy_strerror) \
  X(free) \
  X(global_init) \
  X(multi_add_handle) \
  X(multi_cleanup) \
  X(multi_info_read) \
  X(multi_init) \
  X(multi_perform) \
  X(multi_poll) \
  X(multi_remove_handle) \
  X(slist_append) \
  X(slist_free_all) \
  X(url) \
  X(url_cleanup) \
  X(url_get) \
  X(url_set)
// clang-format on

struct CurlLibrary {
#define ILK_DECLARE(name) decltype(&::curl_##name) name;  // NOLINT(bugprone-macro-parentheses): a declaration
  ILK_CURL_FUNCTIONS(ILK_DECLARE)
#undef ILK_DECLARE
};

/// The library, loaded at the first call. Throws Error where it cannot be.
const CurlLibrary& curl();

}  // namespace ilk
