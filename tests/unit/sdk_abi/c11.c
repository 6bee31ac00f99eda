#include <kepu/connector.h>

#include "sizes.inc"

#if __STDC_VERSION__ != 201112L
#error "this file is here to be compiled as C11"
#endif
_Static_assert(sizeof(kepu_cell) == 16, "a cell is 16 bytes");

void c_sizes(size_t* out) { kepu_fill_sizes(out); }

/* A connector in plain C, as small as it gets: what it takes must not need C++. */
static int32_t run(void* self) {
  const kepu_host* host = (const kepu_host*)self;
  kepu_cell cell = {KEPU_TEXT, 0, 0, 2, {0}};
  kepu_str cursor = {"1", 1};
  cell.value.text = "V1";
  if (host->emit(host->ctx, 0, &cell, 1, NULL) != KEPU_OK) return KEPU_RUN_BUG;
  return host->commit(host->ctx, cursor, NULL) == KEPU_OK ? KEPU_RUN_OK : KEPU_RUN_BUG;
}
static void destroy(void* self) { (void)self; }
static int32_t create(const kepu_host* host, const kepu_settings* settings, kepu_connector* out) {
  (void)settings;
  out->self = (void*)host;
  out->run = run;
  out->destroy = destroy;
  return KEPU_RUN_OK;
}
static const kepu_field venue = {sizeof(kepu_field), KEPU_ROLE_KEY, "venue", KEPU_TEXT, 0, NULL, NULL, 1};
static const kepu_field* const fields[] = {&venue};
static const kepu_dataset venues = {sizeof(kepu_dataset), 1, "venues", fields, 1};
static const kepu_dataset* const datasets[] = {&venues};
static const kepu_descriptor descriptor = {
    sizeof(kepu_descriptor), KEPU_SCHEDULED, "plain_c", "1.0.0", "Plain C", NULL, "Tests", 0, 0, NULL, 0, datasets, 1};
const kepu_entry plain_c_entry = {sizeof(kepu_entry), KEPU_ABI_MAJOR, KEPU_ABI_MINOR, &descriptor, create};
