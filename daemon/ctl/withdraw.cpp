// Commands that are jobs. Of those that take facts back or give them up people are asked first.
#include "base/percent.hpp"
#include "base/printable.hpp"
#include "ctl/json.hpp"
#include "ctl/remote.hpp"
#include "ctl/text.hpp"
#include "ctl/wait.hpp"

#include <fmt/format.h>
#include <istream>
#include <ostream>

namespace kepu::ctl {

bool Remote::confirmed(const std::string& question) {
  if (!console_.in || !console_.err_is_terminal) {
    say_error("nobody can be asked here whether that is meant; say so with --yes");
    exit_ = usage;
    return false;
  }
  console_.err << printable(question) << " [y/N] " << std::flush;
  std::string answer;
  std::getline(*console_.in, answer);
  if (answer == "y" || answer == "Y" || answer == "yes" || answer == "是") return true;
  console_.err << "Nothing was changed.\n";
  exit_ = failed;
  return false;
}

int Remote::withdraw_run(const std::string& run, bool yes, bool wait) {
  const auto path = "/api/v1/runs/" + percent_encoded(run);
  if (!yes) {
    const auto body = take(client_.get(path));
    if (!body) return exit_;
    const auto answer = object_in(*body);
    const auto* told = answer ? object(*answer, "data") : nullptr;
    if (!told) return not_understood();
    const auto question = fmt::format(
        "Withdraw run {} of {}, begun {} ({}; new {}, changed {}, removed {})? What it brought is taken "
        "out, what it had replaced or removed comes back.",
        number(*told, "run"), text(*told, "source"), short_time(text(*told, "started")), text(*told, "status"),
        number(*told, "inserted"), number(*told, "changed"), number(*told, "removed"));
    if (!confirmed(question)) return exit_;
  }
  return job(path + "/withdraw", wait);
}

int Remote::withdraw_source(const std::string& source, bool yes, bool wait) {
  if (!yes && !confirmed("Withdraw everything that " + source + " ever gave, of all its runs?")) return exit_;
  return job("/api/v1/sources/" + percent_encoded(source) + "/withdraw", wait);
}

int Remote::retention(const std::string& source, const std::string& before, bool yes, bool wait) {
  if (!yes && !confirmed("Give up the facts of " + source + " from before " + before +
                         " for ever? Their figures stay as they are, but cannot be corrected, counted otherwise or "
                         "explained any more."))
    return exit_;
  return job("/api/v1/sources/" + percent_encoded(source) + "/retention?before=" + percent_encoded(before), wait);
}

int Remote::rebuild(bool wait) { return job("/api/v1/rebuild", wait); }

int Remote::compact(bool wait) { return job("/api/v1/compact", wait); }

int Remote::reload(bool wait) { return job("/api/v1/reload", wait); }

int Remote::verify(bool wait) { return job("/api/v1/verify", wait); }

int Remote::job(const std::string& target, bool wait) {
  auto body = take(client_.post(target));
  if (!body) return exit_;
  auto answer = object_in(*body);
  const auto* status = answer ? object(*answer, "data") : nullptr;
  if (!status || number(*status, "id") == 0) return not_understood();
  if (wait) {
    body = take(follow_job(client_, number(*status, "id"), console_));
    if (!body) return exit_;
    answer = object_in(*body);
    status = answer ? object(*answer, "data") : nullptr;
    if (!status) return not_understood();
  }
  const bool well = !wait || text(*status, "state") == "done";
  const auto* verified = object(*status, "verified");
  const auto* findings = verified && !manner_.json ? array(*verified, "findings") : nullptr;
  if (findings) {
    for (const auto& one : *findings)
      if (one.is_object()) console_.out << printable(sentence(one.as_object(), console_.chinese)) << "\n";
    const auto all = number(*verified, "differing") + number(*verified, "damaged") + number(*verified, "lost");
    if (all > findings->size()) console_.out << fmt::format("… and {} more\n", all - findings->size());
  }
  if (manner_.json) {
    raw(*body);
  } else if (!wait) {
    console_.out << fmt::format("job {} was taken; `kepuctl jobs` shows what comes of it\n", number(*status, "id"));
  } else if (well) {
    console_.out << printable(sentence(*status, console_.chinese)) << "\n";
  } else {
    say_error(sentence(*status, console_.chinese));
  }
  if (verified && !is_true(*verified, "agrees")) return disagrees;
  const auto* erased = object(*status, "erased");
  if (well && erased && !is_true(*erased, "was_held")) return nothing_held;
  return well ? ok : failed;
}

} // namespace kepu::ctl
