#include <kepu/connector.h>

#include "sizes.inc"

static_assert(__cplusplus == 202002L, "this file is here to be compiled as C++20");
static_assert(sizeof(kepu_cell) == 16);

void cpp_sizes(size_t* out) { kepu_fill_sizes(out); }
