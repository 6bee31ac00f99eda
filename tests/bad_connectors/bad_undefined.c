/* Needs a function that no library has. Cannot be loaded; the sentence names the function. */
#include "connector.h"

int a_function_that_nobody_has(void);

static int32_t run(void* self) {
  (void)self;
  return a_function_that_nobody_has();
}

CONNECTOR("bad_undefined", KEPU_SCHEDULED)
