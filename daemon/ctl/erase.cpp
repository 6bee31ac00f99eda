// `kepuctl erase-person`: the only command that is told who a person is, and tells it nobody.
#include "ctl/remote.hpp"
#include "settings/settings.hpp"

#include <persons.hpp>

#include <fmt/format.h>
#include <string.h>

namespace kepu::ctl {

int Remote::erase_person(const std::string& scheme, const std::filesystem::path& key_file, bool yes, bool wait) {
  auto key = settings::read_person_key(key_file);
  if (!key) {
    say_error(key.error().text);
    return failed;
  }
  host::Mac mac(*key);
  const auto fingerprint = host::key_fingerprint(*key);
  ::explicit_bzero(key->data(), key->size());
  if (!yes &&
      !confirmed("Make the hub forget a person, which nothing brings back? Figures stay; the person must have been "
                 "erased at the sources, or counts anew."))
    return exit_;
  auto raw = console_.secret ? console_.secret("The person's number or account (" + scheme + "; it is not shown): ")
                             : std::nullopt;
  if (!raw) {
    say_error("no number or account was given, or one of more than 1,024 bytes; type it, or pipe it in");
    return usage;
  }
  uint64_t pseudonym = 0;
  const auto fault = host::pseudonym_of(scheme, *raw, mac, pseudonym);
  ::explicit_bzero(raw->data(), raw->size());
  if (fault != host::PersonFault::none) {
    say_error(fmt::format("what was given for {} {}; nothing was changed", scheme, host::sentence_of(fault)));
    return failed;
  }
  return job(fmt::format("/api/v1/persons/erase?pseudonym={:016x}&key={}", pseudonym, fingerprint), wait);
}

} // namespace kepu::ctl
