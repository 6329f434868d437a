# Tests of src/pipeline and of the program.
ilk_test(features LAYERS pipeline)
ilk_test(noun_vocabulary LAYERS pipeline)
ilk_test(methods_run LAYERS pipeline)
ilk_test(run_options LAYERS pipeline)

# The code of a page of docs/contributing, as a file.
function(ilk_page_code page file)
  set(page ${PROJECT_SOURCE_DIR}/docs/contributing/${page})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page})
  file(READ ${page} text)
  string(REGEX MATCH "```cpp\n([^`]*)```" found "${text}")
  if(NOT found)
    message(FATAL_ERROR "${page} has no C++ example")
  endif()
  file(CONFIGURE OUTPUT docs/${file} CONTENT "${CMAKE_MATCH_1}" @ONLY)
endfunction()
ilk_page_code(method.md farthest_first.cpp)
ilk_test(method_example LAYERS pipeline)
target_include_directories(method_example_test PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/docs ${PROJECT_SOURCE_DIR}/src/pipeline/method_entries)
ilk_page_code(model.md colour_model.cpp)
ilk_page_code(data-set-format.md numpy_dataset.cpp)
ilk_page_code(export-format.md json_lines.cpp)
ilk_test(extension_examples LAYERS pipeline)
target_include_directories(extension_examples_test PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/docs)
ilk_test(evaluate LAYERS pipeline)
ilk_test(bench LAYERS pipeline LINK CLI11::CLI11)
ilk_test(program LAYERS io LINK nlohmann_json::nlohmann_json)
target_compile_definitions(program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(program_test ilk_program)
ilk_test(assign_program LAYERS io LINK nlohmann_json::nlohmann_json)
target_compile_definitions(assign_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(assign_program_test ilk_program)
ilk_test(bench_program LAYERS io LINK nlohmann_json::nlohmann_json)
target_compile_definitions(bench_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(bench_program_test ilk_program)
ilk_test(features_program LAYERS io LINK nlohmann_json::nlohmann_json)
target_compile_definitions(features_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(features_program_test ilk_program)
ilk_test(vocab_program LAYERS io LINK nlohmann_json::nlohmann_json)
target_compile_definitions(vocab_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(vocab_program_test ilk_program)

ilk_test(messages_program LAYERS io LINK nlohmann_json::nlohmann_json util)
target_compile_definitions(messages_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(messages_program_test ilk_program)

ilk_test(caption_program LAYERS text LINK nlohmann_json::nlohmann_json)
target_compile_definitions(caption_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(caption_program_test ilk_program)

ilk_test(stress LAYERS io)
target_compile_definitions(stress_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(stress_test ilk_program)

add_test(NAME install COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR} -DCOMPILER=${CMAKE_CXX_COMPILER}
                              -DWORK=${PROJECT_BINARY_DIR}/tests/installed -P ${CMAKE_CURRENT_SOURCE_DIR}/install/run.cmake)
ilk_test(datasets_program LAYERS io LINK nlohmann_json::nlohmann_json)
target_compile_definitions(datasets_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(datasets_program_test ilk_program)
ilk_test(wild_program LAYERS io LINK nlohmann_json::nlohmann_json)
target_compile_definitions(wild_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(wild_program_test ilk_program)

ilk_test(same_words_program LAYERS io)
target_compile_definitions(same_words_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(same_words_program_test ilk_program)

if(ILK_WITH_TORCH)
  ilk_test(gpu LAYERS encoders LINK nlohmann_json::nlohmann_json)
  add_library(other_gpu_plugin MODULE other_gpu_plugin.cpp)
  ilk_compile_options(other_gpu_plugin)
  set_target_properties(other_gpu_plugin PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_compile_definitions(
    gpu_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>" ILK_PLUGIN="$<TARGET_FILE:ilk_gpu>"
                     ILK_OTHER_PLUGIN="$<TARGET_FILE:other_gpu_plugin>")
  add_dependencies(gpu_test ilk_program ilk_gpu other_gpu_plugin)
endif()

ilk_test(docs_program LAYERS io)
target_compile_definitions(docs_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(docs_program_test ilk_program)

ilk_test(shell_program LAYERS io)
target_compile_definitions(shell_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(shell_program_test ilk_program)

# What `ilk view` answers.
if(ILK_WITH_HTTPLIB)
  ilk_test(view_program LAYERS view LINK nlohmann_json::nlohmann_json PkgConfig::HTTPLIB)
  target_compile_definitions(view_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
  add_dependencies(view_program_test ilk_program)
endif()

# The report in a browser, where there is one.
find_program(PYTHON3 /usr/bin/python3 python3)
if(PYTHON3)
  add_test(NAME browser COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/browser_test.py $<TARGET_FILE:ilk_program> ${PROJECT_SOURCE_DIR})
  set_tests_properties(browser PROPERTIES SKIP_RETURN_CODE 77)
endif()

# The program with each of its calls to the file system going wrong in turn. A sanitizer's library must come first, so
# that nothing can be loaded before it.
if(NOT ILK_SANITIZE)
  add_library(fault_library MODULE faults/fault_library.cpp)
  ilk_compile_options(fault_library)
  target_link_libraries(fault_library PRIVATE ${CMAKE_DL_LIBS})
  set_target_properties(fault_library PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  ilk_test(faults_program LAYERS io LINK nlohmann_json::nlohmann_json)
  target_sources(faults_program_test PRIVATE faults/fault_run.cpp faults/fault_sweep.cpp)
  target_compile_definitions(faults_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>"
                                                         ILK_FAULT_LIBRARY="$<TARGET_FILE:fault_library>")
  add_dependencies(faults_program_test ilk_program fault_library)
endif()

ilk_test(fuzz_corpus LAYERS model_store captioning)
ilk_fuzz_targets(fuzz_corpus_test text encoders)
ilk_test(fuzz_corpus_runs LAYERS pipeline)
ilk_fuzz_targets(fuzz_corpus_runs_test pipeline)
