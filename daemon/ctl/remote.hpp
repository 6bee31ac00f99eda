// The commands that ask the daemon. Each blocks until it is done and returns an Exit. One thread.
#pragma once

#include "ctl/client.hpp"
#include "ctl/run.hpp"
#include "ctl/table.hpp"

#include <boost/json/object.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kepu::ctl {

struct Manner {
  bool json = false; // the daemon's answer as it came
  bool color = false;
};

// Name and value of each parameter of a request; those without a value are left out.
using Parameters = std::vector<std::pair<std::string, std::string>>;

// `path`, which may hold parameters already, with what of these has a value, escaped.
std::string with(const std::string& path, const Parameters& parameters);
// The objects of `data`; nullopt: the answer has another shape.
std::optional<std::vector<boost::json::object>> rows_of(const std::string& body);

class Remote {
public:
  // Borrows the console.
  Remote(const Console& console, Client client, Manner manner)
      : console_(console), client_(std::move(client)), manner_(manner) {}

  int status();
  int sources(bool ids);
  int indicators(bool ids);
  // `again`: from the beginning, so that what was withdrawn is read again.
  int run(const std::string& source, bool again, bool wait);
  // Lets the source read again the input that this reject came from, or all inputs that left rejects: of this source,
  // or where none is named of every one.
  int retry(const std::string& reject, bool wait);
  int retry_all(const std::string& source, bool wait);
  // Reads days again and swaps them in whole. `days`: from, to and allow_empty.
  int backfill(const std::string& source, const Parameters& days, bool wait);
  int jobs();
  int rebuild(bool wait);
  int compact(bool wait);
  int reload(bool wait);
  // `disagrees` when it found something.
  int verify(bool wait);
  // Asks before it does it, unless `yes`. The person's number or account is asked for, and never leaves this process.
  // `nothing_held` when the hub knew nobody of it.
  int erase_person(const std::string& scheme, const std::filesystem::path& key_file, bool yes, bool wait);
  // Asks before it does it, unless `yes`.
  int withdraw_run(const std::string& run, bool yes, bool wait);
  int withdraw_source(const std::string& source, bool yes, bool wait);
  int retention(const std::string& source, const std::string& before, bool yes, bool wait);
  int pause(const std::string& source);
  int resume(const std::string& source);
  int observations(Parameters parameters, bool csv);
  int runs(const Parameters& parameters);
  int rejects(const Parameters& parameters);
  // `where`: dimensions and their codes, which may be empty: not specified.
  int history(const Parameters& where, Parameters parameters, bool csv);
  int explain(const Parameters& where, Parameters parameters, bool csv);
  int targets(const Parameters& parameters, bool csv, bool ids);
  int target(const std::string& id, const Parameters& parameters, bool csv);
  int departments(const Parameters& parameters, bool csv);
  // `detail`: every return; otherwise how many there are of each department and source, and those that are amiss.
  int completeness(const Parameters& parameters, bool csv, bool detail);
  // What the plans ask of a department, by code, name or alias.
  int task_sheet(const std::string& department, const Parameters& parameters, bool csv);
  int commits(const Parameters& parameters);
  // `commit`: its number, or "latest".
  int label(const std::string& commit, const std::string& label, bool replace);

private:
  // nullopt: it was said what went wrong, and exit_ is how to end.
  std::optional<std::string> take(Result<Answer> answer);
  int command(const std::string& source, const std::string& target, const char* done);
  // Tells the source to run by a request to `target`, and waits for the end of that run. `text_begins`: how its text
  // begins, which is told; empty: it is not.
  int run_by(const std::string& source, const std::string& target, bool wait, const std::string& text_begins);
  int list(const std::string& target, int (Remote::*show)(const std::string& body));
  int show_ids(const std::string& body);
  // The body's rows, one line each.
  int show_table(const std::string& body, std::vector<Column> columns,
                 const std::function<std::vector<Cell>(const boost::json::object&)>& cells_of);
  int show_sources(const std::string& body);
  int show_indicators(const std::string& body);
  int show_observations(const std::string& body);
  int show_runs(const std::string& body);
  int show_rejects(const std::string& body);
  int show_history(const std::string& body);
  int show_explanation(const std::string& body);
  int show_target_ids(const std::string& body);
  int show_targets(const std::string& body);
  int show_target(const std::string& body);
  int show_departments(const std::string& body);
  int show_task_sheet(const std::string& body);
  int show_deliveries(const std::string& body);
  int show_returns(const std::string& body);
  int show_commits(const std::string& body);
  // The daemon's CSV as it came.
  int csv(const std::string& path, Parameters parameters);
  int show_jobs(const std::string& body);
  bool confirmed(const std::string& question);
  // The job that this request is answered with, to its end.
  int job(const std::string& target, bool wait);
  int not_understood();
  // What the hub bids every answer to bear.
  void say_notice(const std::string& body);
  void say_error(const std::string& text);
  void say_more(const std::string& body);
  // A body as it came; on a terminal with its control characters made visible.
  void raw(const std::string& body);
  size_t room() const { return console_.out_is_terminal ? console_.columns : 0; }

  const Console& console_;
  const Client client_;
  const Manner manner_;
  int exit_ = ok;
};

} // namespace kepu::ctl
