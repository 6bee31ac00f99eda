/* Built for another major version of the ABI. Refused, naming both versions and the file. */
#include "connector.h"

static int32_t run(void* self) {
  (void)self;
  return KEPU_RUN_OK;
}

CONNECTOR_OF_MAJOR("bad_major", KEPU_SCHEDULED, KEPU_ABI_MAJOR + 98, kepu_connector_entry)
