# `cmake --install`, and the package that find_package(ilk) finds.
include(CMakePackageConfigHelpers)

set_target_properties(ilk PROPERTIES SOVERSION ${PROJECT_VERSION_MAJOR})
# A wheel holds no links, so that there the file is named by the one number.
if(NOT ILK_PYTHON_WHEEL)
  set_target_properties(ilk PROPERTIES VERSION ${PROJECT_VERSION})
endif()
install(TARGETS ilk EXPORT ilk_targets)
if(NOT ILK_CORE_ONLY)
  install(TARGETS ilk_program)
  install(DIRECTORY models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/ilk/models)
endif()
install(DIRECTORY include/ilk ${PROJECT_BINARY_DIR}/include/ilk DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
target_include_directories(ilk INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT ilk_targets NAMESPACE ilk:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ilk)
configure_package_config_file(cmake/ilkConfig.cmake.in ${PROJECT_BINARY_DIR}/ilkConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ilk)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ilkConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ilkConfig.cmake ${PROJECT_BINARY_DIR}/ilkConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ilk)
