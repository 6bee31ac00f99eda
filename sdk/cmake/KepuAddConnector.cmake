# kepu_add_connector(NAME SOURCES ... [LINK ...]): one connector library, NAME.so, in lib/kepu/connectors.
include_guard(GLOBAL)

set(KEPU_CONNECTOR_EXPORTS ${CMAKE_CURRENT_LIST_DIR}/connector.map)

function(kepu_add_connector name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} MODULE ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/kepu/connectors
    LINK_DEPENDS ${KEPU_CONNECTOR_EXPORTS})
  # One exported symbol; nothing undefined, so that a missing library shows when it is built.
  target_link_options(${name} PRIVATE -Wl,--version-script=${KEPU_CONNECTOR_EXPORTS})
  if(NOT KEPU_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LINK} kepu_abi kepu_build)
endfunction()
