/* Threads without end, all waiting for ever. They run out by the bound of memory; the run ends and takes them along. */
#include "connector.h"

#include <pthread.h>
#include <unistd.h>

static void* wait_for_ever(void* nothing) {
  for (;;)
    pause();
  return nothing;
}

static int32_t run(void* self) {
  (void)self;
  unsigned threads = 0;
  pthread_t thread;
  while (threads < 4000 && pthread_create(&thread, NULL, wait_for_ever, NULL) == 0)
    ++threads;
  char text[64];
  snprintf(text, sizeof text, "no more threads after %u", threads);
  host->explain(host->ctx, str(text));
  return KEPU_RUN_RETRY;
}

CONNECTOR("bad_thread_bomb", KEPU_SCHEDULED)
