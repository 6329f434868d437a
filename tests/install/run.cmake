# Installs ilk into a folder of its own, builds the example of docs/cpp.md against it by find_package and by pkg-config,
# and runs the result. Run by CTest.
file(REMOVE_RECURSE ${WORK})
function(step)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    string(REPLACE ";" " " command "${ARGN}")
    message(FATAL_ERROR "${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()
step(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)

# A project of somebody else, which knows ilk only by what was installed: both of its files are the page's.
file(READ ${SOURCE}/docs/cpp.md page)
function(take_from_page language name)
  string(REGEX MATCH "```${language}\n([^`]*)```" found "${page}")
  if(NOT found)
    message(FATAL_ERROR "docs/cpp.md has no example in ${language}")
  endif()
  file(WRITE ${WORK}/project/${name} "${CMAKE_MATCH_1}")
endfunction()
take_from_page(cpp example.cpp)
take_from_page(cmake CMakeLists.txt)
step(${CMAKE_COMMAND} -S ${WORK}/project -B ${WORK}/build -G Ninja -DCMAKE_BUILD_TYPE=Release
     -DCMAKE_PREFIX_PATH=${WORK}/prefix)
step(${CMAKE_COMMAND} --build ${WORK}/build)
step(${WORK}/build/example)
if(NOT output MATCHES "12 clusters")
  message(FATAL_ERROR "The example of docs/cpp.md printed: ${output}")
endif()

# The public headers need no others.
file(WRITE ${WORK}/project/all.cpp "#include <ilk/ilk.h>\nint main() {}\n")
step(${COMPILER} -std=c++20 -fsyntax-only -I${WORK}/prefix/include ${WORK}/project/all.cpp)

# By pkg-config, after the installation was moved.
file(RENAME ${WORK}/prefix ${WORK}/moved)
file(GLOB pc ${WORK}/moved/lib*/pkgconfig/ilk.pc ${WORK}/moved/lib/*/pkgconfig/ilk.pc)
get_filename_component(pc_folder "${pc}" DIRECTORY)
set(ENV{PKG_CONFIG_PATH} "${pc_folder}")
step(pkg-config --cflags --libs ilk)
separate_arguments(flags UNIX_COMMAND "${output}")
step(${COMPILER} -std=c++20 ${WORK}/project/example.cpp ${flags} -o ${WORK}/by_pkg_config)
step(${WORK}/by_pkg_config)
if(NOT output MATCHES "12 clusters")
  message(FATAL_ERROR "The example built by pkg-config printed: ${output}")
endif()

# The installed program finds the model that was installed with it.
step(${CMAKE_COMMAND} -E env --unset=ILK_MODELS ${WORK}/moved/bin/ilk models path ilk-lite)
if(NOT output MATCHES "${WORK}/moved/share/ilk/models/ilk-lite")
  message(FATAL_ERROR "The installed program uses the model in ${output}")
endif()
foreach(file share/man/man1/ilk-cluster.1 share/bash-completion/completions/ilk share/zsh/site-functions/_ilk
             share/fish/vendor_completions.d/ilk.fish)
  if(NOT EXISTS ${WORK}/moved/${file})
    message(FATAL_ERROR "${file} was not installed")
  endif()
endforeach()
