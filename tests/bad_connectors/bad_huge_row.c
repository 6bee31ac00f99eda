/* Texts past the limits: of a cell, of a row, and one that claims 4 GiB behind a short pointer. Each row is a
 * reject, nothing behind the pointer is read, and the good row among them is a fact. */
#include "connector.h"

static char big[70000];

static int32_t run(void* self) {
  (void)self;
  memset(big, 'x', sizeof big);
  kepu_cell cells[fields_of_passages];
  char id[24];
  uint64_t place = 1;
  passage(cells, id, 1);
  text_cell(&cells[2], big, KEPU_MAX_CELL_BYTES + 1);
  host->emit(host->ctx, 0, cells, 1, &place);

  place = 2;
  passage(cells, id, 2);
  for (int i = 0; i < 4; ++i)
    text_cell(&cells[i], big, KEPU_MAX_CELL_BYTES);
  text_cell(&cells[5], big, KEPU_MAX_CELL_BYTES);
  host->emit(host->ctx, 0, cells, 1, &place);

  place = 3;
  passage(cells, id, 3);
  cells[2].size = UINT32_MAX;
  host->emit(host->ctx, 0, cells, 1, &place);

  emit_passage(4);
  return commit_at(4) == KEPU_OK ? KEPU_RUN_OK : KEPU_RUN_RETRY;
}

CONNECTOR("bad_huge_row", KEPU_SCHEDULED)
