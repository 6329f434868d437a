# Files of any text as constants of a C++ header.
#
# ilk_embed(HEADER <path> NAMESPACE <name> TEXTS <constant>=<file>+<file>… …): a header that the build writes when one of the files
# changes. Each constant is a `char[]` of a line end and the files one after another.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  function(ilk_embed)
    cmake_parse_arguments(EMBED "" "HEADER;NAMESPACE" "TEXTS" ${ARGN})
    set(files)
    set(texts)
    foreach(text ${EMBED_TEXTS})
      string(REGEX REPLACE "^([^=]*)=(.*)$" "\\1;\\2" parts ${text})
      list(POP_FRONT parts name)
      string(REPLACE "+" ";" names "${parts}")
      list(TRANSFORM names PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
      list(APPEND files ${names})
      string(REPLACE ";" "+" names "${names}")
      list(APPEND texts ${name}=${names})
    endforeach()
    string(REPLACE ";" "," texts "${texts}")
    set(script ${PROJECT_SOURCE_DIR}/cmake/ilk_embed.cmake)
    add_custom_command(
      OUTPUT ${EMBED_HEADER}
      COMMAND ${CMAKE_COMMAND} -DHEADER=${EMBED_HEADER} -DNAMESPACE=${EMBED_NAMESPACE} "-DTEXTS=${texts}" -P ${script}
      DEPENDS ${files} ${script}
      VERBATIM)
  endfunction()
  return()
endif()

set(header "#pragma once\n// Written by the build.\nnamespace ${NAMESPACE} {\n")
string(REPLACE "," ";" TEXTS "${TEXTS}")
foreach(text ${TEXTS})
  string(REGEX MATCH "^([^=]*)=(.*)$" found ${text})
  set(name ${CMAKE_MATCH_1})
  string(REPLACE "+" ";" files "${CMAKE_MATCH_2}")
  string(APPEND header "inline constexpr char ${name}[] =\n")
  set(begin "\n")
  foreach(file ${files})
    file(READ ${file} contents)
    string(APPEND header "    R\"embedded(${begin}${contents})embedded\"\n")
    set(begin "")
  endforeach()
  string(APPEND header ";\n")
endforeach()
file(WRITE ${HEADER} "${header}}\n")
