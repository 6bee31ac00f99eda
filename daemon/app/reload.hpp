// The catalog is read again while the daemon runs.
#pragma once

#include "settings/settings.hpp"
#include "store/work.hpp"
#include "store/writer.hpp"

#include <functional>
#include <memory>

namespace kepu::app {

// Work of one step, on kepu-ingest while no run is open. What is wrong keeps the catalog that is in force; each
// complaint goes to `complain`. `taken` gets the new one once it is in force, where it is another. Error code
// "bad_configuration".
Result<std::unique_ptr<store::Work>> reload_catalog(store::Writer& writer, const settings::Daemon& daemon,
                                                    std::function<void(const std::string&)> complain,
                                                    std::function<void(std::shared_ptr<const model::Catalog>)> taken);

} // namespace kepu::app
