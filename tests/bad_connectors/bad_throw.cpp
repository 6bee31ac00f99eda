// Throws through the C ABI. The worker ends the run as a bug or dies; either way only it.
#include "connector.h"

#include <stdexcept>

static int32_t run(void*) { throw std::runtime_error("thrown through the border"); }

CONNECTOR("bad_throw", KEPU_SCHEDULED)
