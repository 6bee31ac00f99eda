/* Takes memory without end. Ends at the bound of its address space: a crash of the worker alone. */
#include "connector.h"

#include <stdlib.h>

static int32_t run(void* self) {
  (void)self;
  /* Most of a block is untouched, and after 8 GiB it stops, to be gentle with a machine where nothing bounds it. */
  enum { block = 16 << 20, touched = 1 << 20, blocks = 512 };
  for (int i = 0; i < blocks; ++i) {
    char* volatile memory = malloc(block);
    memset(memory, 1, touched); /* as many do: without a look at what malloc said */
  }
  host->explain(host->ctx, str("nothing bounded it"));
  return KEPU_RUN_BUG;
}

CONNECTOR("bad_leak", KEPU_SCHEDULED)
