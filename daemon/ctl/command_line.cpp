#include "ctl/command_line.hpp"

#include <persons.hpp>

#include <CLI/CLI.hpp>

namespace kepu::ctl {
namespace {

constexpr const char* exit_codes = "Exit code: 0 ok, 1 the thing asked failed, 2 usage, 3 daemon out of reach.\n";

// The word is handed on as it is: which numbers are too large, the daemon says.
const CLI::Validator positive(
    [](std::string& word) -> std::string {
      const bool number = !word.empty() && word.find_first_not_of("0123456789") == word.npos;
      if (number && word.find_first_not_of('0') != word.npos) return "";
      return word + " is not a whole number from 1 on";
    },
    "N");

const CLI::Validator dimension(
    [](std::string& word) -> std::string {
      const auto equals = word.find('=');
      return equals == 0 || equals == word.npos ? word + " is not NAME=CODE" : "";
    },
    "NAME=CODE");

const CLI::Validator person_scheme(
    [](std::string& word) -> std::string {
      return host::is_scheme(word) ? "" : word + " is none of id_card, mobile and account:NAMESPACE";
    },
    "SCHEME");

void add_limit(CLI::App& command, Wanted& wanted) {
  command.add_option("--limit", wanted.limit, "At most so many rows")->check(positive);
}

CLI::App* add(CLI::App& app, const std::string& name, const std::string& summary, const std::string& example) {
  auto* command = app.add_subcommand(name, summary);
  command->fallthrough(); // --json and the like may stand after the command
  command->footer("Example:\n  " + example +
                  "\n\n--json, --socket and the other options of `kepuctl --help` go here too.\n" + exit_codes);
  return command;
}

} // namespace

void describe(CLI::App& app, Wanted& wanted) {
  app.name("kepuctl");
  app.require_subcommand(1);
  app.set_version_flag("--version", KEPU_VERSION);
  app.footer(std::string("`kepuctl COMMAND --help` says more, with an example.\n") + exit_codes);
  app.add_option("--config", wanted.config, "The daemon's configuration; it names the admin socket")
      ->capture_default_str();
  app.add_option("--socket", wanted.socket, "The daemon's admin socket, without reading a configuration");
  app.add_flag("--json", wanted.json, "The daemon's answer as it came, for programs");
  app.add_option("--color", wanted.color, "When to use colours")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();

  add(app, "check",
      "Judge a configuration, its sources and their connectors, without the daemon and without a run. Best as the "
      "daemon's user or root, who see all that it sees; warnings alone end with 0; --json gives a list of {file, line, "
      "column, severity, code, text}",
      "kepuctl check --config /etc/kepud/kepud.toml");
  add(app, "status",
      "Whether the daemon is ready, and each source's state in a sentence; 1 when it is not ready or a "
      "source is quarantined",
      "kepuctl status");
  add(app, "sources", "Sources with their state, last and next run", "kepuctl sources")
      ->add_flag("--ids", wanted.ids, "Names only, one a line");
  const auto with_source = [&](CLI::App* command) {
    command->add_option("SOURCE", wanted.operand, "A source's id, as `kepuctl sources` lists it")->required();
    return command;
  };
  const auto no_wait = [&](CLI::App* command) {
    command->add_flag("--no-wait", wanted.no_wait, "Return as soon as the daemon has taken the command");
    return command;
  };
  with_source(add(app, "run", "Run a source now and wait until that run has ended; 1 unless it ended well",
                  "kepuctl run turnstile"));
  no_wait(app.get_subcommand("run"))
      ->add_flag("--again", wanted.again,
                 "From the beginning, and also what was withdrawn; inputs that are held are not read again");
  auto* backfill = no_wait(with_source(
      add(app, "backfill",
          "Read days of a source again and swap what is held of them for what it holds now, all at once; 1 when that "
          "failed, and then nothing has changed. Sources go on from where they were",
          "kepuctl backfill turnstile --from 2026-03 --to 2026-03")));
  backfill->add_option("--from", wanted.from, "First period: 2026-01-31, 2026-W05, 2026-01, 2026-Q1, 2026")->required();
  backfill->add_option("--to", wanted.to, "Last period, inclusive")->required();
  backfill->add_flag("--allow-empty", wanted.allow_empty,
                     "Also when the source gives no more of these days, or of an input that the hub holds rows of");
  with_source(add(app, "pause", "Let a source rest until it is resumed", "kepuctl pause turnstile"));
  with_source(add(app, "resume", "Let a paused, stopped or quarantined source run again; 1 when it stays as it is",
                  "kepuctl resume turnstile"));

  auto* retry = no_wait(add(app, "retry",
                            "Read again the input that a reject came from, and wait until that run has ended; 1 unless "
                            "it ended well and the reject is gone",
                            "kepuctl retry 17\n  kepuctl retry --all --source turnstile"));
  auto* reject = retry->add_option("REJECT", wanted.name, "Its number, as `kepuctl rejects` lists it")->check(positive);
  auto* all = retry->add_flag("--all", wanted.all, "All inputs that left rejects")->excludes(reject);
  retry->add_option("--source", wanted.source, "Of this source only")->needs(all);
  retry->callback([&wanted] {
    if (wanted.name.empty() && !wanted.all) throw CLI::RequiredError("REJECT or --all");
  });

  auto* withdraw = no_wait(add(app, "withdraw",
                               "Take back what a run, or a source in all its runs, gave, and wait until that is done; "
                               "what it had replaced or removed comes back, and answers as of earlier stay",
                               "kepuctl withdraw run 12\n  kepuctl withdraw source turnstile --yes"));
  withdraw->add_option("KIND", wanted.operand, "run or source")->required()->check(CLI::IsMember({"run", "source"}));
  withdraw->add_option("NAME", wanted.name, "The run's number or the source's id, as `kepuctl runs` lists them")
      ->required();
  withdraw->add_flag("--yes", wanted.yes, "Do not ask; needed where nobody can answer");
  auto* retention = no_wait(with_source(
      add(app, "retention",
          "Delete a source's facts from before a day for ever; figures of these days stay as they are, late "
          "rows of them are rejects, and what needs the facts is refused",
          "kepuctl retention turnstile --before 2022-01-01")));
  retention->add_option("--before", wanted.before, "Facts of this day and later ones stay: 2022-01-01")->required();
  retention->add_flag("--yes", wanted.yes, "Do not ask; needed where nobody can answer");
  no_wait(add(
      app, "reload",
      "Read the catalog again, as after SIGHUP, once no run is going on: what it touches is made anew. 1 when it is "
      "wrong, and then the one before stays in force",
      "kepuctl check && kepuctl reload"));
  no_wait(
      add(app, "rebuild",
          "Compare every kept figure with the facts and make anew what is damaged or differs; sources go on meanwhile",
          "kepuctl rebuild"));
  auto* verify = no_wait(add(
      app, "verify",
      "Compare every kept figure with the facts and look for damage, and change nothing; sources go on meanwhile. What "
      "differs is listed; figures are mended by kepuctl rebuild, facts by a backup alone",
      "kepuctl verify || kepuctl rebuild"));
  verify->footer(verify->get_footer() + "4 figures differ from the facts, or something is damaged.\n");
  no_wait(
      add(app, "compact",
          "Join what many small parts of streaming sources left in pieces, so that histories and scans are quick; no "
          "answer changes, and sources go on meanwhile",
          "kepuctl compact"));
  auto* erase = no_wait(add(
      app, "erase-person",
      "Make the hub forget who a person is; figures and facts stay, and nothing leads to them any more. The number or "
      "account is asked for, or read from standard input, and made a pseudonym here: it never leaves kepuctl. Erase at "
      "the source first: a row that is told again makes the person a new one",
      "kepuctl erase-person --scheme id_card"));
  erase->footer(erase->get_footer() + "5 nothing was held of the person.\n");
  erase
      ->add_option("--scheme", wanted.scheme,
                   "id_card, mobile or account:NAMESPACE, as the dataset's person field has it")
      ->required()
      ->check(person_scheme);
  erase->add_option("--key-file", wanted.key_file, "The hub's person key; otherwise [persons] key_file of --config");
  erase->add_flag("--yes", wanted.yes, "Do not ask; needed where nobody can answer");
  add(app, "jobs", "Long commands like withdraw, retention and verify since the daemon's start, newest first",
      "kepuctl jobs");

  auto* observations = add(app, "observations", "Values of an indicator",
                           "kepuctl observations venue.visits --freq M --from 2026-01 --to 2026-06 --by venue");
  observations->add_option("INDICATOR", wanted.operand, "Its id, as `kepuctl indicators` lists it; several with commas")
      ->required();
  observations->add_option("--freq", wanted.freq, "Day, week, month, quarter, half-year or year")
      ->check(CLI::IsMember({"D", "W", "M", "Q", "S", "A"}));
  observations->add_option("--from", wanted.from,
                           "First period: 2026-01-31, 2026-W05, 2026-01, 2026-Q1, 2026, now, now-11");
  observations->add_option("--to", wanted.to, "Last period, inclusive");
  observations->add_option("--area", wanted.area, "Code of an area: only what lies in it");
  observations->add_option("--by", wanted.by, "Dimensions to split by, with commas between: area,venue");
  observations->add_option("--source", wanted.source, "Only what this source reported");
  observations->add_option("--columns", wanted.columns,
                           "More columns, with commas between: period_start, period_end, n, approximate, repaired, "
                           "provisional, carried, missing, differing, flags, numerator, denominator, labels, unit");
  observations->add_option("--sort", wanted.sort, "Order of rows; - is the largest or newest first")
      ->check(CLI::IsMember({"period", "-period", "value", "-value"}));
  observations->add_option("--combine", wanted.combine, "Adds the indicators up, where they are of one quantity")
      ->check(CLI::IsMember({"sum"}));
  observations->add_option("--as-of", wanted.as_of,
                           "As the answer was then: 2025-12-31 (its end), 2025-12-31T18:00:00+08:00, or label: and the "
                           "label of a commit");
  add_limit(*observations, wanted);
  observations->add_option("--lang", wanted.lang, "Language of labels")->check(CLI::IsMember({"zh", "en"}));
  observations->add_flag("--csv", wanted.csv, "The daemon's CSV as it came");

  const auto with_figure = [&](CLI::App* command) {
    command->add_option("INDICATOR", wanted.operand, "Its id, as `kepuctl indicators` lists it")->required();
    command->add_option("--period", wanted.period, "2026-01-31, 2026-W05, 2026-01, 2026-Q1, 2026")->required();
    command->add_option("--area", wanted.area, "Code of an area: only what lies in it");
    command->add_option("--where", wanted.where, "A dimension and its code, such as venue=V01; may be given again")
        ->check(dimension);
    command->add_option("--source", wanted.source, "Only what this source reported");
    command->add_option("--as-of", wanted.as_of,
                        "As it was then: 2025-12-31 (its end), 2025-12-31T18:00:00+08:00, or label: and the label of a "
                        "commit");
    add_limit(*command, wanted);
    command->add_option("--lang", wanted.lang, "Language of names")->check(CLI::IsMember({"zh", "en"}));
    command->add_flag("--csv", wanted.csv, "The daemon's CSV as it came");
  };
  with_figure(add(app, "history", "What a value was before, since when, and why it changed, newest first",
                  "kepuctl history venue.visits --period 2026-01 --where venue=V01"));
  with_figure(add(app, "explain", "A value's rule, and the facts that it counts, with their inputs and runs",
                  "kepuctl explain venue.visits --period 2026-01-31 --where venue=V01"));
  app.get_subcommand("explain")->add_option("--on", wanted.on, "As that day stands by what is known now: 2025-06-30");
  const auto with_moment = [&](CLI::App* command) {
    command->add_option("--as-of", wanted.as_of,
                        "As it was then: 2025-12-31 (its end), 2025-12-31T18:00:00+08:00, or label: and the label of a "
                        "commit");
    command->add_option("--lang", wanted.lang, "Language of names")->check(CLI::IsMember({"zh", "en"}));
    command->add_flag("--csv", wanted.csv, "The daemon's CSV as it came");
    return command;
  };
  auto* plan =
      with_moment(add(app, "plan",
                      "The plan's targets as a board: how far each is, against how far it should be. With a "
                      "target only that one, with its years, what it misses and who does it; with --department "
                      "that department's task sheet, clauses without a number included",
                      "kepuctl plan --as-of 2025-06-30\n  kepuctl plan 8.workers\n  kepuctl plan "
                      "--department education"));
  plan->add_option("--on", wanted.on, "The board as of that day, by what is known now: 2025-06-30");
  auto* one = plan->add_option("TARGET", wanted.operand, "Its id, as `kepuctl plan` lists it");
  auto* sheet =
      plan->add_option("--department", wanted.department, "Code, name or alias, as `kepuctl departments` lists it");
  for (auto* filter : {plan->add_option("--plan", wanted.plan, "Only of this plan"),
                       plan->add_option("--clause", wanted.clause, "Only of this clause"),
                       plan->add_option("--group", wanted.group, "Only of this group of the population"),
                       plan->add_option("--status", wanted.status, "Only those that stand so: far_behind, no_data, …"),
                       plan->add_flag("--ids", wanted.ids, "Ids only, one a line")})
    filter->excludes(one)->excludes(sheet);
  sheet->excludes(one);
  with_moment(add(app, "departments", "Departments, with how many clauses and targets they lead or share",
                  "kepuctl departments"));

  auto* completeness = with_moment(add(
      app, "completeness",
      "Returns that departments owe: on time, late, missing, not yet due; counted, and those that are amiss in full",
      "kepuctl completeness --department education\n  kepuctl completeness --detail --status missing"));
  completeness->add_option("--department", wanted.department, "Code, name or alias");
  completeness->add_option("--status", wanted.status, "Only those that stand so")
      ->check(CLI::IsMember({"on_time", "late", "missing", "not_yet_due"}));
  completeness->add_option("--source", wanted.source, "Only what this source owes");
  completeness->add_flag("--detail", wanted.detail, "Every return, period by period");

  auto* commits = add(app, "commits", "Commits, newest first, with what brought them and their labels",
                      "kepuctl commits --source turnstile --limit 5");
  commits->add_option("--source", wanted.source, "Only of this source");
  commits->add_flag("--labelled", wanted.labelled, "Only those that bear a label");
  add_limit(*commits, wanted);
  auto* label = add(app, "label", "Give a commit a name that --as-of takes: label:NAME",
                    "kepuctl label \"2026 annual report\"\n  kepuctl label --commit 512 \"2026 annual report\"");
  label->add_option("LABEL", wanted.label, "At most 200 bytes, without semicolons")->required();
  label->add_option("--commit", wanted.commit, "Its number, as `kepuctl commits` lists it; otherwise the last")
      ->check(positive);
  label->add_flag("--replace", wanted.replace, "Move the label when another commit bears it");

  add(app, "indicators", "Indicators with their names, units and days", "kepuctl indicators")
      ->add_flag("--ids", wanted.ids, "Names only, one a line");
  const auto with_filter = [&](CLI::App* command) {
    command->add_option("--source", wanted.source, "Only of this source");
    add_limit(*command, wanted);
  };
  with_filter(add(app, "runs", "What ran, newest first, with its counts", "kepuctl runs --source turnstile --limit 5"));
  with_filter(
      add(app, "rejects", "Rows that were refused, newest first, and why", "kepuctl rejects --source turnstile"));
  add(app, "completion", "A script that completes the words of kepuctl in a shell",
      "kepuctl completion bash > /etc/bash_completion.d/kepuctl\n"
      "  kepuctl completion zsh > /usr/local/share/zsh/site-functions/_kepuctl\n"
      "  kepuctl completion fish > ~/.config/fish/completions/kepuctl.fish")
      ->add_option("SHELL", wanted.operand, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

} // namespace kepu::ctl
