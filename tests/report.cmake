# Tests of src/report.
ilk_test(report LAYERS report)
ilk_test(report_markup LAYERS report)
ilk_test(report_files LAYERS report LINK nlohmann_json::nlohmann_json)

# The page's script, as a whole and file by file, where Node.js is there to read it.
find_program(NODE NAMES node nodejs)
if(NODE)
  file(GLOB scripts ${PROJECT_SOURCE_DIR}/src/report/page/*.js)
  add_test(NAME page_scripts COMMAND sh -c "for f in \"$@\"; do ${NODE} --check \"$f\" || exit 1; done" sh ${scripts})
endif()
