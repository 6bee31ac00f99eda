/* A cursor past its limit. The commit is refused with KEPU_E_LIMIT and its rows are dropped; the next run is a normal
 * one. */
#include "connector.h"

static char cursor[1 << 20];

static int32_t run(void* self) {
  (void)self;
  memset(cursor, 'c', sizeof cursor);
  emit_passage(1);
  const kepu_str huge = {cursor, sizeof cursor};
  const int32_t status = host->commit(host->ctx, huge, NULL);
  host->explain(host->ctx, str(status == KEPU_E_LIMIT ? "the cursor was refused" : "the cursor was taken"));
  return KEPU_RUN_BAD_DATA;
}

CONNECTOR("bad_huge_cursor", KEPU_SCHEDULED)
