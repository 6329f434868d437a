# What ilk is built with. The core needs nothing but the standard library and its threads.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# A header: approximate search for neighbours among very many images.
find_path(HNSWLIB_INCLUDE_DIR hnswlib/hnswlib.h)
mark_as_advanced(HNSWLIB_INCLUDE_DIR)
if(HNSWLIB_INCLUDE_DIR)
  set(hnswlib_found ON)
else()
  set(hnswlib_found OFF)
endif()
option(ILK_WITH_HNSWLIB "Search neighbours approximately with hnswlib" "${hnswlib_found}")
if(ILK_WITH_HNSWLIB AND NOT HNSWLIB_INCLUDE_DIR)
  message(FATAL_ERROR "ILK_WITH_HNSWLIB is on, but hnswlib/hnswlib.h was not found")
endif()

if(ILK_CORE_ONLY)
  return()
endif()

find_package(PkgConfig REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
find_package(CLI11 2.1 REQUIRED)

# Optional parts default to on where they are found; `ilk --version` says what was built in.
macro(ilk_optional name description)
  pkg_check_modules(${name} IMPORTED_TARGET ${ARGN})
  option(ILK_WITH_${name} "${description}" ${${name}_FOUND})
  if(ILK_WITH_${name} AND NOT ${name}_FOUND)
    message(FATAL_ERROR "ILK_WITH_${name} is on, but ${ARGN} was not found")
  endif()
endmacro()
ilk_optional(VIPS "Decode images with libvips" vips>=8.13)
ilk_optional(SQLITE "Keep the embedding cache in SQLite" sqlite3>=3.34)
ilk_optional(CURL "Download models with libcurl" libcurl>=7.74)
ilk_optional(LIBRAW "Read the previews of camera raw files with LibRaw" libraw_r>=0.20)
ilk_optional(HTTPLIB "Serve reports with cpp-httplib" cpp-httplib>=0.11)
ilk_optional(EXEMPI "Write XMP sidecars with Exempi" exempi-2.0>=2.5)

# Off by default: the one part that needs libtorch, which alone is larger than all else.
option(ILK_WITH_TORCH "Build the GPU plugin, ilk_gpu.so, with libtorch" OFF)
if(ILK_WITH_TORCH)
  find_package(Torch REQUIRED)
endif()

# The name under which a library is loaded at run time: libvips.so.42, of the file that the linker finds.
foreach(part VIPS CURL LIBRAW EXEMPI)
  if(ILK_WITH_${part})
    list(GET ${part}_LINK_LIBRARIES 0 library)
    file(REAL_PATH ${library} library)
    get_filename_component(library ${library} NAME)
    string(REGEX REPLACE "(\\.so\\.[0-9]+).*" "\\1" ${part}_SONAME ${library})
  endif()
endforeach()
