/* An entry whose descriptor is too short and without texts. Refused; nothing past its size is read. */
#include "connector.h"

static int32_t run(void* self) {
  (void)self;
  return KEPU_RUN_OK;
}

static const struct {
  uint32_t struct_size;
  int32_t mode;
  const char* id;
} short_descriptor = {16, 7, NULL};

extern KEPU_EXPORT const kepu_entry kepu_connector_entry;
const kepu_entry kepu_connector_entry = {sizeof(kepu_entry), KEPU_ABI_MAJOR, KEPU_ABI_MINOR,
                                         (const kepu_descriptor*)(const void*)&short_descriptor, create};
