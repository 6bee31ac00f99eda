// Whether a source may run with this connector, and what its worker is told. Reads secrets' files
// through settings; any thread.
#pragma once

#include "settings/settings.hpp"
#include "supervisor/machine.hpp"
#include "wire/frames.hpp"

#include <kepu/values.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kepu::supervisor {

struct Admission {
  std::vector<abi::Setting> settings;
  std::vector<std::string> readable; // folders, for the fence
  std::vector<std::string> writable;
  bool persons = false; // the worker needs the person key
};

// Whether a dataset that the connector declares has persons in it, by itself or by the catalog (null: none).
bool reads_persons(const abi::Descriptor& descriptor, const model::Catalog* catalog);

// A Sentence: why not and what to do.
std::variant<Admission, Sentence> admit(const settings::Source& source, const abi::Descriptor& descriptor,
                                        const settings::Configuration& configuration, bool have_person_key);

// What the worker of an admitted source is told. `person_key`: the hub's, where it has one.
wire::Configure instruction(const settings::Source& source, const Admission& admission,
                            const settings::Configuration& configuration, const std::string& time_zone,
                            const std::string& cursor, const std::optional<std::string>& person_key);
// That an instruction passes what a frame can hold, and what to do; `file` is the source's.
std::string too_large(const std::string& file);

} // namespace kepu::supervisor
