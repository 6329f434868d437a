# ilk_fuzz_targets(TARGET layer…): the functions of fuzz/targets/<layer>, and the layers that they parse with.
function(ilk_fuzz_targets target)
  target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/fuzz_target.cpp)
  foreach(layer ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/targets/${layer}/*.cpp)
    target_sources(${target} PRIVATE ${sources})
  endforeach()
endfunction()
