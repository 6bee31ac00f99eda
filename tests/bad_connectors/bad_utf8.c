/* Every tenth of 100 rows has broken UTF-8 in its venue. Those are rejects by row; the other 90 are facts. */
#include "connector.h"

static int32_t run(void* self) {
  (void)self;
  static const char* const broken[] = {"\xff", "\xc0\xaf", "\xed\xa0\x80", "V\xe4\xb8", "\xf4\x90\x80\x80"};
  for (unsigned i = 1; i <= 100; ++i) {
    kepu_cell cells[fields_of_passages];
    char id[24];
    passage(cells, id, i);
    if (i % 10 == 0) {
      const char* venue = broken[i / 10 % 5];
      text_cell(&cells[1], venue, strlen(venue));
    }
    const uint64_t place = i;
    host->emit(host->ctx, 0, cells, 1, &place);
  }
  return commit_at(100) == KEPU_OK ? KEPU_RUN_OK : KEPU_RUN_RETRY;
}

CONNECTOR("bad_utf8", KEPU_SCHEDULED)
