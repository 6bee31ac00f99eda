// One worker's life: HELLO, one task, DONE, BYE.
//
//   DESCRIBE:  the tightest fence, load -> DESCRIPTOR, DONE
//   CONFIGURE: the fence of the source, load, create, discover -> DESCRIPTOR; START -> run -> DONE
//
// What cannot be loaded or created is answered by DONE alone.
#pragma once

#include "wire/launch.hpp"

namespace kepu::worker {

// Runs on the first thread, which becomes the connector's; makes one more that listens to the daemon.
// The process must end by _exit with what is returned: threads and exit handlers of the library
// have no say in it. BYE and a lost daemon end the process in here.
wire::WorkerExit live(const wire::Launch& launch);

} // namespace kepu::worker
