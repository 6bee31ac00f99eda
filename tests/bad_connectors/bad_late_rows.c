/* A thread of it emits on after run has returned. Nothing of that becomes a fact, and other sources go on. */
#include "connector.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static atomic_int returned;

static void* emit_for_ever(void* nothing) {
  const struct timespec moment = {0, 1000000};
  while (!atomic_load(&returned))
    nanosleep(&moment, NULL);
  for (unsigned i = 1000;; ++i) {
    emit_passage(i);
    commit_at(i);
  }
  return nothing;
}

static int32_t run(void* self) {
  (void)self;
  pthread_t thread;
  if (pthread_create(&thread, NULL, emit_for_ever, NULL) != 0) return KEPU_RUN_RETRY;
  emit_passage(1);
  commit_at(1);
  atomic_store(&returned, 1);
  return KEPU_RUN_OK;
}

CONNECTOR("bad_late_rows", KEPU_SCHEDULED)
