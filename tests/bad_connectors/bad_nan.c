/* A NaN where a text is due: a cell of the wrong type breaks the contract, and the run is a bug whatever it returns. */
#include "connector.h"

#include <math.h>

static int32_t run(void* self) {
  (void)self;
  kepu_cell cells[fields_of_passages];
  char id[24];
  passage(cells, id, 1);
  memset(&cells[1], 0, sizeof cells[1]);
  cells[1].type = KEPU_REAL;
  cells[1].value.real = NAN;
  host->emit(host->ctx, 0, cells, 1, NULL);
  commit_at(1);
  return KEPU_RUN_OK;
}

CONNECTOR("bad_nan", KEPU_SCHEDULED)
