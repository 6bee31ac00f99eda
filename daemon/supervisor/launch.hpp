// How kepu-worker is started, and what its first words must be. Pure; any thread.
#pragma once

#include "settings/settings.hpp"
#include "supervisor/link.hpp"

#include <optional>
#include <string>

namespace kepu::supervisor {

// One worker for one library; HELLO decides nothing yet: DESCRIBE or CONFIGURE says what it is for.
Launch worker_launch(const Surroundings& around, const std::string& library);

// Why this worker cannot be spoken with.
std::optional<Sentence> protocol_problem(const wire::Hello& hello);

settings::LogLevel level_of(int32_t kepu_level);

} // namespace kepu::supervisor
