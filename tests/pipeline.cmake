# Tests of src/pipeline and of the program.
ilk_test(labels LAYERS pipeline)
ilk_test(features LAYERS pipeline)
ilk_test(methods_run LAYERS pipeline)
ilk_test(evaluate LAYERS pipeline)
ilk_test(bench LAYERS pipeline LINK CLI11::CLI11)
ilk_test(program LAYERS io LINK nlohmann_json::nlohmann_json)
target_compile_definitions(program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(program_test ilk_program)

ilk_test(caption_program LAYERS text LINK nlohmann_json::nlohmann_json)
target_compile_definitions(caption_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(caption_program_test ilk_program)

ilk_test(stress LAYERS io)
target_compile_definitions(stress_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(stress_test ilk_program)

add_test(NAME install COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR}
                              -DWORK=${PROJECT_BINARY_DIR}/tests/installed -P ${CMAKE_CURRENT_SOURCE_DIR}/install/run.cmake)
ilk_test(datasets_program LAYERS io LINK nlohmann_json::nlohmann_json)
target_compile_definitions(datasets_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(datasets_program_test ilk_program)
ilk_test(wild_program LAYERS io LINK nlohmann_json::nlohmann_json)
target_compile_definitions(wild_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(wild_program_test ilk_program)
