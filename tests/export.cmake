# Tests of src/export, and of what leaves or changes a run, through the program.
ilk_test(export LAYERS export)
ilk_test(export_program LAYERS io LINK nlohmann_json::nlohmann_json)
target_compile_definitions(export_program_test PRIVATE ILK_PROGRAM="$<TARGET_FILE:ilk_program>")
add_dependencies(export_program_test ilk_program)
