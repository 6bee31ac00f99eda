// The commands that look into one figure, and those about commits.
#include "base/percent.hpp"
#include "base/printable.hpp"
#include "ctl/json.hpp"
#include "ctl/remote.hpp"
#include "ctl/text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <ostream>

namespace kepu::ctl {
namespace json = boost::json;
namespace {

// "venue.visits 2026-03  科普场馆到馆人次 [人次]"
std::string title_of(const json::object& meta) {
  auto unit = text(meta, "unit_name");
  if (unit.empty()) unit = text(meta, "unit");
  return printable(text(meta, "indicator") + " " + text(meta, "period") + "  " + text(meta, "name") + " [" + unit +
                   "]");
}

// What is asked of a figure besides indicator and period, and the moment; empty: nothing.
std::string narrowed(const json::object& meta) {
  std::string out;
  const auto add = [&](const std::string& part) { out += (out.empty() ? "" : ", ") + part; };
  for (const char* name : {"area", "source"}) {
    if (const auto value = text(meta, name); !value.empty()) add(std::string(name) + " " + value);
  }
  if (const auto* filters = object(meta, "filters")) {
    for (const auto& [name, value] : *filters)
      add(std::string(name) + " " + (text(value).empty() ? "not specified" : text(value)));
  }
  const auto label = text(meta, "as_of_label");
  if (const auto then = text(meta, "as_of"); !then.empty())
    add("as of " + (label.empty() ? short_time(then) : label + ", commit " + text(meta, "as_of_commit")));
  return printable(out);
}

std::string narrowed_to(std::string path, const Parameters& where) {
  char before = '?';
  for (const auto& [name, code] : where) {
    path += before + percent_encoded(name) + "=" + percent_encoded(code);
    before = '&';
  }
  return path;
}

// Lines of a tree: each is drawn under those before it that are one level nearer to the root.
class Tree {
public:
  Tree(std::ostream& out, size_t room) : out_(out), room_(room) {}
  // `last`: nothing of this level follows under the same line.
  void line(size_t level, bool last, const std::string& text) {
    open_.resize(level);
    std::string before;
    for (const bool open : open_)
      before += open ? "│  " : "   ";
    before += last ? "└─ " : "├─ ";
    open_.push_back(!last);
    const auto shown = printable(text);
    out_ << before << (room_ > 2 * width(before) ? cut(shown, room_ - width(before)) : shown) << "\n";
  }

private:
  std::ostream& out_;
  size_t room_;
  std::vector<bool> open_; // whether more follows at each level above
};

// "venue 科技馆 → V01, gate G1, card person": the source's own words, and what they were mapped to where that differs.
std::string words_of(const json::object& fact) {
  constexpr std::string_view cell = "cell.";
  constexpr std::string_view dim = "dim.";
  std::string out;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) out += (out.empty() ? "" : ", ") + name + " " + value;
  };
  for (const auto& member : fact) {
    const std::string_view key(member.key().data(), member.key().size());
    if (key.starts_with(cell)) {
      const std::string name(key.substr(cell.size()));
      const auto value = text(member.value());
      const auto mapped = text(fact, "dim." + name);
      if (value == text(fact, "key") || value == text(fact, "time")) continue;
      add(name, value.empty() || mapped.empty() || mapped == value ? value : value + " → " + mapped);
    } else if (key.starts_with(dim)) {
      const std::string name(key.substr(dim.size()));
      if (!fact.contains("cell." + name)) add(name, text(member.value()));
    }
  }
  return out;
}

std::string origin_of(const json::object& fact) {
  auto out = text(fact, "source");
  if (const auto input = text(fact, "input"); !input.empty()) out += ", " + input;
  if (const auto row = text(fact, "row"); !row.empty()) out += " row " + row;
  out += ", run " + text(fact, "run") + ", since commit " + text(fact, "commit") + " of " +
         short_time(text(fact, "since"));
  if (const auto replaced = text(fact, "replaces"); !replaced.empty()) out += ", in place of #" + replaced;
  if (const auto flags = text(fact, "flags"); !flags.empty()) out += " (" + flags + ")";
  return out;
}

std::string run_of(const json::object& group) {
  return text(group, "facts") + " of " + text(group, "source") +
         (text(group, "input").empty() ? "" : ", " + text(group, "input")) + ", run " + text(group, "run") + " of " +
         short_time(text(group, "started")) + " with " + text(group, "connector") + " " +
         text(group, "connector_version");
}

// "2025-Q1 510104017: bureau counts; bureau 6, platform 4"
std::string judged(const json::object& cell) {
  auto out = text(cell, "period");
  if (const auto* by = object(cell, "by")) {
    for (const auto& [name, code] : *by)
      out += " " + (text(code).empty() ? "-" : text(code));
  }
  const auto counts = text(cell, "counts");
  out += ": " + (counts.empty() ? "none counts, they differ" : counts + " counts") + "; ";
  bool first = true;
  if (const auto* said = array(cell, "said")) {
    for (const auto& one : *said) {
      if (!one.is_object()) continue;
      out += (first ? "" : ", ") + text(one.as_object(), "source") + " " + text(one.as_object(), "value");
      first = false;
    }
  }
  return out;
}

// The rule between sources, and what it made of each cell.
void add_sources(Tree& tree, const json::object& sources) {
  tree.line(0, false, "sources, " + text(sources, "rule") + ": " + text(sources, "order"));
  const auto* cells = array(sources, "cells");
  const auto further = number(sources, "further_cells");
  for (size_t i = 0; cells && i < cells->size(); ++i) {
    if ((*cells)[i].is_object()) tree.line(1, i + 1 == cells->size() && further == 0, judged((*cells)[i].as_object()));
  }
  if (further > 0) tree.line(1, true, std::to_string(further) + " further cells");
}

} // namespace

int Remote::history(const Parameters& where, Parameters parameters, bool csv) {
  const auto path = narrowed_to("/api/v1/history", where);
  return csv ? this->csv(path, std::move(parameters)) : list(with(path, parameters), &Remote::show_history);
}

int Remote::explain(const Parameters& where, Parameters parameters, bool csv) {
  const auto path = narrowed_to("/api/v1/explain", where);
  return csv ? this->csv(path, std::move(parameters)) : list(with(path, parameters), &Remote::show_explanation);
}

int Remote::commits(const Parameters& parameters) {
  return list(with("/api/v1/commits", parameters), &Remote::show_commits);
}

int Remote::label(const std::string& commit, const std::string& label, bool replace) {
  const auto body = take(client_.post(with("/api/v1/commits/" + percent_encoded(commit) + "/label",
                                           {{"label", label}, {"replace", replace ? "true" : ""}})));
  if (!body) return exit_;
  if (manner_.json) {
    raw(*body);
    return ok;
  }
  const auto answer = object_in(*body);
  const auto* labelled = answer ? object(*answer, "data") : nullptr;
  if (!labelled) return not_understood();
  console_.out << fmt::format("commit {} of {} is \"{}\"; ask with --as-of \"label:{}\"\n", number(*labelled, "commit"),
                              printable(short_time(text(*labelled, "recorded_at"))), printable(label),
                              printable(label));
  return ok;
}

int Remote::show_history(const std::string& body) {
  const auto answer = object_in(body);
  const auto* meta = answer ? object(*answer, "meta") : nullptr;
  if (!meta) return not_understood();
  console_.out << title_of(*meta) << "\n";
  if (const auto more = narrowed(*meta); !more.empty()) console_.out << more << "\n";
  const auto rows = rows_of(body);
  if (!rows) return not_understood();
  if (rows->empty()) {
    console_.err << "There never was a value.\n";
    return ok;
  }
  return show_table(body,
                    {{"SINCE"},
                     {"VALUE", true},
                     {"FACTS", true},
                     {"COMMIT", true},
                     {"KIND"},
                     {"SOURCE"},
                     {"RUN", true},
                     {"NEW", true},
                     {"REPLACED", true},
                     {"DELETED", true},
                     {"OUT OF SCOPE", true},
                     {"WITHDRAWN", true},
                     {"LABEL"}},
                    [](const json::object& row) -> std::vector<Cell> {
                      return {{short_time(text(row, "since"))},
                              {text(row, "value")},
                              {text(row, "n")},
                              {text(row, "commit")},
                              {text(row, "kind")},
                              {text(row, "source")},
                              {text(row, "run")},
                              {text(row, "inserted")},
                              {text(row, "replaced")},
                              {text(row, "deleted")},
                              {text(row, "out_of_scope")},
                              {text(row, "withdrawn")},
                              {text(row, "label")}};
                    });
}

namespace {

void add_survey(Tree& tree, const json::object& survey) {
  const auto low = text(survey, "interval_low");
  if (low.empty()) {
    tree.line(0, false, "an estimate; no more clusters than strata, so nothing says how sure it is");
  } else {
    tree.line(0, false,
              "an estimate: 95 % interval " + low + " to " + text(survey, "interval_high") + ", standard error " +
                  text(survey, "standard_error") + ", as sure as " + text(survey, "n_eff") +
                  " respondents drawn at random (design effect " + text(survey, "design_effect") + ")");
  }
  if (const auto lonely = number(survey, "lonely_strata"); lonely > 0)
    tree.line(0, false, "strata with one cluster: " + std::to_string(lonely));
  if (const auto without = number(survey, "uncorrected_strata"); without > 0)
    tree.line(0, false, "strata whose population is contradictory and left out: " + std::to_string(without));
  if (is_true(survey, "is_break")) tree.line(0, false, "the first by another cut: not comparable with those before");
}

} // namespace

int Remote::show_explanation(const std::string& body) {
  const auto answer = object_in(body);
  const auto* meta = answer ? object(*answer, "meta") : nullptr;
  const auto* rule = answer ? object(*answer, "rule") : nullptr;
  const auto* words = rule ? object(*rule, "words") : nullptr;
  const auto* facts = answer ? object(*answer, "facts") : nullptr;
  const auto* groups = facts ? array(*facts, "by") : nullptr;
  const auto rows = rows_of(body);
  if (!meta || !words || !groups || !rows) return not_understood();
  const auto value = text(*answer, "value");
  console_.out << title_of(*meta) << " = " << (value.empty() ? "no value" : printable(value)) << "\n";
  Tree tree(console_.out, room());
  if (const auto more = narrowed(*meta); !more.empty()) tree.line(0, false, more);
  tree.line(0, false, text(*words, console_.chinese ? "zh" : "en"));
  tree.line(1, true, "since commit " + text(*rule, "commit") + " of " + short_time(text(*rule, "since")));
  if (const auto* survey = object(*answer, "survey")) add_survey(tree, *survey);
  if (const auto* sources = object(*answer, "sources")) add_sources(tree, *sources);
  const auto left_out = text(*facts, "left_out");
  tree.line(0, rows->empty(),
            "facts counted: " + text(*facts, "counted") +
                (left_out.empty() || left_out == "0" ? "" : ", left out for others: " + left_out));
  const auto further = number(*facts, "of_further_runs_and_inputs");
  for (size_t i = 0; i < groups->size(); ++i) {
    const auto* group = (*groups)[i].if_object();
    if (!group) return not_understood();
    tree.line(1, i + 1 == groups->size() && further == 0, run_of(*group));
  }
  if (further > 0) tree.line(1, true, std::to_string(further) + " of further runs and inputs");
  if (!rows->empty()) tree.line(0, true, "facts");
  for (size_t i = 0; i < rows->size(); ++i) {
    const auto& fact = (*rows)[i];
    tree.line(1, i + 1 == rows->size(),
              "#" + text(fact, "fact") + " " + text(fact, "key") + "  " + short_time(text(fact, "time")) + "  " +
                  words_of(fact));
    tree.line(2, true, origin_of(fact));
  }
  say_more(body);
  return ok;
}

int Remote::show_commits(const std::string& body) {
  return show_table(body, {{"COMMIT", true}, {"RECORDED"}, {"KIND"}, {"SOURCE"}, {"RUN", true}, {"LABEL"}},
                    [](const json::object& row) -> std::vector<Cell> {
                      return {{text(row, "commit")}, {short_time(text(row, "recorded_at"))},
                              {text(row, "kind")},   {text(row, "source")},
                              {text(row, "run")},    {text(row, "label"), Tint::good}};
                    });
}

} // namespace kepu::ctl
