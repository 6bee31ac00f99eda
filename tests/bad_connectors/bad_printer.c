/* Prints to stdout and stderr without end. The log takes a bounded share; CANCEL is not heard: TERM by deadline. */
#include "connector.h"

static int32_t run(void* self) {
  (void)self;
  for (unsigned i = 0;; ++i) {
    printf("printed line %u\n", i);
    fprintf(stderr, "\x1b[31mcomplaint %u without a line's end \xff", i);
  }
  return KEPU_RUN_OK;
}

CONNECTOR("bad_printer", KEPU_SCHEDULED)
