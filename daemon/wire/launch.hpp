// How the supervisor starts kepu-worker: the arguments, made and read in one place.
//
//   kepu-worker --fd N --library PATH --parent PID [--memory-mib N]
//
// N is the inherited end of a stream socketpair (AF_UNIX, SOCK_STREAM, blocking). The caller sets the
// process group, makes stdin null and stdout and stderr pipes; the worker closes every other
// descriptor, dies with its parent, and ends at once when its parent is not PID.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kepu::wire {

struct Launch {
  int fd = -1;         // of the socket, above 2
  std::string library; // absolute path
  int parent = 0;      // process id of the starter
  // Address space that the worker may use, as a bound on what a leak can cost; 0: no bound.
  uint32_t memory_mib = 2048;
};

// How kepu-worker ends when it ends by itself; a run's own end is in its DONE frame, not here.
enum class WorkerExit : uint8_t {
  done = 0,        // told BYE, or the socket was closed after DONE
  bad_launch = 64, // arguments, descriptor or parent are not as above: a mistake of the starter
  protocol = 65,   // the daemon sent what this worker does not understand: of another version?
  orphaned = 66,   // the daemon was gone before DONE
  fence = 67       // the fence could not be put up: nothing of the library was loaded
};

// Without the program's name.
std::vector<std::string> to_arguments(const Launch& launch);
// `arguments` without the program's name.
Result<Launch> parse_launch(std::span<const char* const> arguments);

} // namespace kepu::wire
