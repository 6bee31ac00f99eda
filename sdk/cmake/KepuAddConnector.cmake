# kepu_add_connector(NAME SOURCES ... [LINK ...] [OUTPUT FOLDER])
#
# One connector library, NAME.so, in the build's lib/kepu/connectors (or in FOLDER). NAME is the
# connector's id. The library exports one symbol, kepu_connector_entry, keeps every other to itself,
# and fails to link when a symbol is missing. Sources may include <kepu/connector.h> and <kepu/connector.hpp>.
include_guard(GLOBAL)

set(KEPU_CONNECTOR_EXPORTS ${CMAKE_CURRENT_LIST_DIR}/connector.map)

function(kepu_add_connector name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT" "SOURCES;LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "kepu_add_connector(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}; it takes SOURCES, LINK, OUTPUT")
  endif()
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "kepu_add_connector(${name}): a connector's name is lower-case letters, digits and _, beginning with a letter")
  endif()
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "kepu_add_connector(${name}): it has no SOURCES")
  endif()
  if(NOT arg_OUTPUT)
    set(arg_OUTPUT ${CMAKE_BINARY_DIR}/lib/kepu/connectors)
  endif()
  add_library(${name} MODULE ${arg_SOURCES})
  target_compile_features(${name} PRIVATE cxx_std_20)
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${arg_OUTPUT}
    LINK_DEPENDS ${KEPU_CONNECTOR_EXPORTS})
  # One exported symbol, also when static libraries with others are linked in.
  target_link_options(${name} PRIVATE -Wl,--version-script=${KEPU_CONNECTOR_EXPORTS})
  # Nothing undefined, so that a missing library shows when it is built. Sanitizers' own symbols come
  # from the program that loads it.
  if(NOT KEPU_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LINK} kepu_cpp $<TARGET_NAME_IF_EXISTS:kepu_build>)
endfunction()
