// Reading what must stay secret. Inside settings/ only.
#pragma once

#include "settings/settings.hpp"

#include <optional>

namespace kepu::settings {

// "NAME" as systemd's LoadCredential= takes it.
bool is_credential_name(std::string_view name);

// The secret's text, without one line break at its end. Error codes: "no_credential", "open_secret_file" (others may
// read it), "bad_secret" (empty, too long, no text), "no_secret_file", "unreadable_secret" (this user may not open it).
Result<std::string> read_secret(const SecretRef& ref);

} // namespace kepu::settings
