/* Emits from a thread of its own while run waits for it. The call is refused, and the run is a bug. */
#include "connector.h"

#include <pthread.h>

static void* emit_elsewhere(void* nothing) {
  emit_passage(1);
  return nothing;
}

static int32_t run(void* self) {
  (void)self;
  pthread_t thread;
  if (pthread_create(&thread, NULL, emit_elsewhere, NULL) != 0) return KEPU_RUN_RETRY;
  pthread_join(thread, NULL);
  commit_at(1);
  return KEPU_RUN_OK;
}

CONNECTOR("bad_wrong_thread", KEPU_SCHEDULED)
