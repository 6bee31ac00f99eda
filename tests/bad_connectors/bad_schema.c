/* Declares `passages` with a text for ts. Refused before it runs: the catalog's contract disagrees. */
#include "connector.h"

static const kepu_field text_ts = {sizeof(kepu_field), 0, "ts", KEPU_TEXT, 0, NULL, NULL, 1};
static const kepu_field* const other_fields[] = {&event_id_field, &venue_field, &gate_field, &direction_field,
                                                 &text_ts};
static const kepu_dataset other_passages = {sizeof(kepu_dataset), 1, "passages", other_fields, 5};
static const kepu_dataset* const other_datasets[] = {&other_passages};

static int32_t run(void* self) {
  (void)self;
  return KEPU_RUN_OK;
}

#define datasets other_datasets
CONNECTOR("bad_schema", KEPU_SCHEDULED)
