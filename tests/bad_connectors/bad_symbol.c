/* Does not export kepu_connector_entry. Refused as no connector. */
#include "connector.h"

static int32_t run(void* self) {
  (void)self;
  return KEPU_RUN_OK;
}

CONNECTOR_OF_MAJOR("bad_symbol", KEPU_SCHEDULED, KEPU_ABI_MAJOR, another_entry)
