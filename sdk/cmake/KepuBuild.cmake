# Flags that every target of the project and of a connector author shares.
include_guard(GLOBAL)

add_library(kepu_build INTERFACE)
target_compile_options(kepu_build INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wno-sign-conversion
  $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2> -fstack-protector-strong)
target_link_options(kepu_build INTERFACE -Wl,-z,relro,-z,now)

if(KEPU_SANITIZE)
  target_compile_options(kepu_build INTERFACE -fsanitize=${KEPU_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(kepu_build INTERFACE -fsanitize=${KEPU_SANITIZE})
  target_compile_definitions(kepu_build INTERFACE KEPU_SANITIZED=1)
endif()
find_program(KEPU_CCACHE ccache)
if(KEPU_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${KEPU_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${KEPU_CCACHE})
endif()
find_program(KEPU_MOLD mold)
if(KEPU_MOLD)
  target_link_options(kepu_build INTERFACE -fuse-ld=mold)
endif()
