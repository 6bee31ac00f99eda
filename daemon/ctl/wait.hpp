// Follows one run of a source until it has ended. Inside ctl/ only; one thread.
#pragma once

#include "ctl/client.hpp"
#include "ctl/run.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace kepu::ctl {

struct Followed {
  enum class End : uint8_t {
    ended,     // `body` holds the run as the source's last_run
    streaming, // it runs, and goes on until somebody stops it
    not_begun  // it went back to rest without a run; its sentence says why
  } end = End::ended;
  std::string body; // the last answer, with an object in `data`
};

// `before`: number of the source's last run before this one was asked for (0: none). Draws a bar on a terminal.
// An Answer: a refusal, or nothing that can be understood. An Error: the daemon is out of reach.
using Following = std::variant<Followed, Answer, Error>;
Following follow(const Client& client, const std::string& source, uint64_t before, const Console& console);

// The answer about a job once it has ended, or the first that is none. Draws a bar on a terminal.
Result<Answer> follow_job(const Client& client, uint64_t job, const Console& console);

// The answer about a source that was resumed, once it is neither being started or ended nor, as it may yet be for a
// moment, where it was. A refusal or nothing that can be understood: as it came.
Result<Answer> settled(const Client& client, const std::string& source, const Console& console);
// Nothing comes of a source in this state by itself.
bool is_held(const boost::json::object& source);

} // namespace kepu::ctl
