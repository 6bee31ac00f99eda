// SPDX-License-Identifier: Apache-2.0
#include <kepu/host/host.hpp>

#include "declared.hpp"
#include "texts.hpp"

#include <cstddef>
#include <dlfcn.h>

namespace kepu::host {
namespace {

std::string version_text(unsigned major, unsigned minor) { return std::to_string(major) + "." + std::to_string(minor); }

Outcome bad(const std::string& file, const std::string& why) { return {KEPU_RUN_BAD_CONFIG, file + ": " + why}; }

std::string stem_of(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.rfind('.'));
}

} // namespace

struct Library::Impl {
  std::string file;
  const kepu_entry* entry = nullptr;
  abi::Descriptor descriptor;
};

Library::~Library() = default;
const abi::Descriptor& Library::descriptor() const { return impl_->descriptor; }
const kepu_entry* Library::entry() const { return impl_->entry; }

std::unique_ptr<Library> Library::from_entry(const kepu_entry* entry, const std::string& name, Outcome& outcome) {
  constexpr size_t head = offsetof(kepu_entry, abi_minor) + sizeof(uint16_t);
  constexpr size_t whole = offsetof(kepu_entry, create) + sizeof(void*);
  outcome = {};
  if (!entry || entry->struct_size < head) {
    outcome = bad(name, "its entry is not a kepu_entry; build it with the SDK");
  } else if (entry->abi_major != KEPU_ABI_MAJOR) {
    outcome = bad(name, "it is built for version " + version_text(entry->abi_major, entry->abi_minor) +
                            " of the connector ABI, this host speaks " + version_text(KEPU_ABI_MAJOR, KEPU_ABI_MINOR) +
                            "; rebuild it with this hub's SDK");
  } else if (entry->struct_size < whole || !entry->descriptor || !entry->create) {
    outcome = bad(name, "its entry lacks the descriptor or create; build it with the SDK");
  }
  if (!outcome.ok()) return nullptr;
  std::unique_ptr<Library> library(new Library);
  library->impl_ = std::make_unique<Impl>();
  library->impl_->file = name;
  library->impl_->entry = entry;
  if (const auto fault = read_descriptor(*entry->descriptor, library->impl_->descriptor); !fault.empty()) {
    outcome = bad(name, "its descriptor is wrong: " + scrub(fault));
    return nullptr;
  }
  return library;
}

std::unique_ptr<Library> Library::open(const std::string& path, Outcome& outcome) {
  // A name without a slash would be looked up in the system's folders.
  const std::string file = path.find('/') == path.npos ? "./" + path : path;
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char* said = dlerror();
    std::string why = said ? said : "it cannot be loaded and the loader did not say why";
    if (why.starts_with(file + ": ")) why.erase(0, file.size() + 2); // it is named once
    outcome = bad(path, scrub(why));
    return nullptr;
  }
  const auto* entry = static_cast<const kepu_entry*>(dlsym(handle, KEPU_ENTRY_SYMBOL));
  if (!entry) {
    outcome = bad(path, "it is not a connector: it does not export " KEPU_ENTRY_SYMBOL
                        "; build it with kepu_add_connector()");
    return nullptr;
  }
  auto library = from_entry(entry, path, outcome);
  if (library && library->descriptor().id != stem_of(path)) {
    outcome = bad(path, "it is the connector " + library->descriptor().id + "; name the file " +
                            library->descriptor().id + ".so");
    return nullptr;
  }
  return library;
}

} // namespace kepu::host
