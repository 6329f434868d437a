# `cmake --install`, and the packages that find_package(ilk) and pkg-config find. The component `program` is what a user
# needs, `library` what a developer does besides.
include(CMakePackageConfigHelpers)

set_target_properties(ilk PROPERTIES SOVERSION ${PROJECT_VERSION_MAJOR})
# A wheel holds no links, so that there the file is named by the one number.
if(NOT ILK_PYTHON_WHEEL)
  set_target_properties(ilk PROPERTIES VERSION ${PROJECT_VERSION})
endif()
install(TARGETS ilk EXPORT ilk_targets COMPONENT library)
if(NOT ILK_CORE_ONLY)
  install(TARGETS ilk_program COMPONENT program)
  install(DIRECTORY models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/ilk/models COMPONENT program PATTERN "*.py" EXCLUDE)
  if(NOT ILK_PYTHON_WHEEL)
    set(made ${PROJECT_BINARY_DIR}/shell)
    install(DIRECTORY ${made}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
    install(FILES ${made}/ilk.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ilk
            COMPONENT program)
    install(FILES ${made}/ilk.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)
    install(FILES ${made}/_ilk DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT program)
  endif()
endif()
install(DIRECTORY include/ilk ${PROJECT_BINARY_DIR}/include/ilk DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
target_include_directories(ilk INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT library)

install(EXPORT ilk_targets NAMESPACE ilk:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ilk COMPONENT library)
configure_package_config_file(cmake/ilkConfig.cmake.in ${PROJECT_BINARY_DIR}/ilkConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ilk)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ilkConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ilkConfig.cmake ${PROJECT_BINARY_DIR}/ilkConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ilk COMPONENT library)

# ilk.pc finds its prefix from where it lies.
set(pc_requires)
if(NOT ILK_CORE_ONLY)
  set(pc_requires "libcrypto zlib libutf8proc")
  if(ILK_WITH_SQLITE)
    string(APPEND pc_requires " sqlite3")
  endif()
endif()
# Whoever links an archive links what it needs too.
set(pc_libs "-ldl -pthread")
if(BUILD_SHARED_LIBS)
  set(pc_private ".private")
  set(pc_libs "")
endif()
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
configure_file(cmake/ilk.pc.in ${PROJECT_BINARY_DIR}/ilk.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/ilk.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
