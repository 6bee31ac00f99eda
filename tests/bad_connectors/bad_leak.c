/* Takes memory without end. Ends at the bound of its address space: a crash of the worker alone. */
#include "connector.h"

#include <stdlib.h>

static int32_t run(void* self) {
  (void)self;
  enum { block = 16 << 20, touched = 1 << 20 }; /* most of it untouched, to be gentle with the machine of the test */
  for (;;) {
    char* memory = malloc(block);
    memset(memory, 1, touched); /* as many do: without a look at what malloc said */
  }
  return KEPU_RUN_OK;
}

CONNECTOR("bad_leak", KEPU_SCHEDULED)
