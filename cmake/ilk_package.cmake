# `./dev deb`: a Debian package of the component `program`.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ilk)
set(CPACK_PACKAGE_VENDOR ilk)
set(CPACK_PACKAGE_CONTACT "The ilk maintainers <ilk@users.noreply.github.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME ilk)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION graphics)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
    "images into named clusters
ilk sorts a folder of images into clusters by meaning and says in words what
each cluster is. It comes with a model for photographs and drawings and needs
no network. The clusters can be corrected, searched and exported, to folders,
sidecars or tables.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)

# Libraries that are loaded when they are needed, which dpkg-shlibdeps does not see.
function(ilk_package_of part variable)
  if(NOT ILK_WITH_${part})
    return()
  endif()
  list(GET ${part}_LINK_LIBRARIES 0 library)
  get_filename_component(folder ${library} DIRECTORY)
  foreach(path ${folder}/${${part}_SONAME} /lib/${CMAKE_LIBRARY_ARCHITECTURE}/${${part}_SONAME})
    execute_process(COMMAND dpkg-query -S ${path} OUTPUT_VARIABLE found ERROR_QUIET)
    if(found MATCHES "^([^:]+):")
      set(${variable} ${${variable}} ${CMAKE_MATCH_1} PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()
set(depends)
set(recommends wordnet-base)
ilk_package_of(VIPS depends)
ilk_package_of(CURL recommends)
ilk_package_of(LIBRAW recommends)
ilk_package_of(EXEMPI recommends)
list(JOIN depends ", " CPACK_DEBIAN_PACKAGE_DEPENDS)
list(JOIN recommends ", " CPACK_DEBIAN_PACKAGE_RECOMMENDS)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS ffmpeg)

# What Debian wants beside the files: compressed pages, the licence, a changelog.
configure_file(cmake/debian_files.cmake.in ${PROJECT_BINARY_DIR}/debian_files.cmake @ONLY)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_BINARY_DIR}/debian_files.cmake)
include(CPack)
