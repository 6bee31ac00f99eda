/* Recurses until the stack ends. Crash by signal 11. */
#include "connector.h"

static volatile int deep = 1;

static int down(int n) {
  volatile char frame[4096];
  frame[0] = (char)n;
  return deep ? down(n + 1) + frame[0] : 0;
}

static int32_t run(void* self) {
  (void)self;
  return down(0) ? KEPU_RUN_OK : KEPU_RUN_BUG;
}

CONNECTOR("bad_stack", KEPU_SCHEDULED)
