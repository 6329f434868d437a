# ilk_layer(NAME [WAITS] DEPENDS <lower layers> LINK <outside libraries>)
#
# A layer is the object library ilk_<name> of the .cpp files in src/<name> and below. It can be linked against the layers it names
# only, so that a file cannot quietly reach upwards; the one library `ilk` is made of all layers' objects. Sixteen of its sources at a time
# are compiled as one, since most of the time goes into the same headers. WAITS: the layer has no loop that takes time, it waits for files,
# servers and lower layers, and is compiled in two thirds of the time.
function(ilk_layer name)
  cmake_parse_arguments(LAYER "WAITS" "" "DEPENDS;LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(ilk_${name} OBJECT ${sources})
  ilk_compile_options(ilk_${name})
  ilk_join_sources(ilk_${name})
  if(LAYER_WAITS)
    ilk_optimise_little(ilk_${name})
  endif()
  target_include_directories(ilk_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include
                                                ${PROJECT_SOURCE_DIR}/src)
  set(closure ilk_${name})
  set(outside ${LAYER_LINK})
  foreach(lower ${LAYER_DEPENDS})
    get_target_property(lower_closure ilk_${lower} ILK_CLOSURE)
    get_target_property(lower_outside ilk_${lower} ILK_OUTSIDE)
    list(APPEND closure ${lower_closure})
    list(APPEND outside ${lower_outside})
  endforeach()
  list(REMOVE_DUPLICATES closure)
  list(REMOVE_DUPLICATES outside)
  target_link_libraries(ilk_${name} PUBLIC Threads::Threads ${outside})
  set_target_properties(ilk_${name} PROPERTIES ILK_CLOSURE "${closure}" ILK_OUTSIDE "${outside}")
endfunction()

# Names in a file are those of the whole layer then.
function(ilk_join_sources target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${ILK_UNITY_BUILD} UNITY_BUILD_BATCH_SIZE 16)
endfunction()

# CMake's default is -O3; what comes last counts.
function(ilk_optimise_little target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

function(ilk_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  # A product and a sum are fused only where the source says so: the same bits on every processor. Nobody reads
  # errno of a square root, and without it loops of them are vectorised.
  target_compile_options(${target} PRIVATE -ffp-contract=off -fno-math-errno -Wall -Wextra -Wno-missing-field-initializers
                                           $<$<BOOL:${ILK_WERROR}>:-Werror>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 sees overflows in std::string's operator+ that are not there (gcc bug 105651).
    target_compile_options(${target} PRIVATE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
  endif()
  if(ILK_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # It takes the files that are joined for headers, whose classes must not hold what other files cannot name.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
  if(ILK_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${ILK_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${ILK_SANITIZE})
  endif()
endfunction()

# ilk_link_layers(TARGET layer…): TARGET is linked of the objects of these layers and all below them.
function(ilk_link_layers target)
  set(closure)
  foreach(layer ${ARGN})
    get_target_property(more ilk_${layer} ILK_CLOSURE)
    list(APPEND closure ${more})
  endforeach()
  list(REMOVE_DUPLICATES closure)
  foreach(layer ${closure})
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${layer}>)
    get_target_property(outside ${layer} ILK_OUTSIDE)
    if(outside)
      target_link_libraries(${target} PUBLIC ${outside})
    endif()
  endforeach()
  target_link_libraries(${target} PUBLIC Threads::Threads)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                              $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
                                              $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
endfunction()
