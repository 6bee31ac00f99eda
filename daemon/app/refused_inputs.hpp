// What of a source the hub will not take as long as neither content nor library changes: contents of
// which too many rows were refused. Lets later runs pass over them and reach what lies behind.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace kepu::app {

// Lives with the process and its catalog: after a restart or a reload each is tried once more, because settings or
// catalog may have been mended. No threads of its own.
class RefusedInputs {
public:
  using Hash = std::array<uint8_t, 32>; // SHA-256 of the content

  // Before a run: another library may read the same content better.
  void read_by(const std::string& library_hash) {
    if (library_hash_ != library_hash) contents_.clear();
    library_hash_ = library_hash;
  }
  bool holds(const std::string& name, const Hash& hash) const { return contents_.contains({name, hash}); }
  // True when it was not held before and is now; at most `most` are held.
  bool add(const std::string& name, const Hash& hash) {
    return contents_.size() < most && contents_.emplace(name, hash).second;
  }
  // Contents of this name, or all, are tried once more.
  void forget(const std::optional<std::string>& name) {
    std::erase_if(contents_, [&](const auto& content) { return !name || content.first == *name; });
  }

private:
  static constexpr size_t most = 1'000;
  std::string library_hash_;
  std::set<std::pair<std::string, Hash>> contents_;
};

} // namespace kepu::app
