// What a plan asks for, and of whom: clauses in the plan's own words, targets that are held against indicators,
// departments that lead or are responsible. Values, filled by settings/, never changed afterwards. Pure; any thread.
#pragma once

#include "model/label.hpp"
#include "model/period.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kepu::model {

struct Department {
  std::string code;
  Label name;
  std::vector<std::string> aliases;
  std::string area; // code; empty: of the whole district
};

// A word that stands for several departments, such as "all subdistricts".
struct Body {
  std::string code;
  Label name;
  std::vector<std::string> aliases;
  std::vector<std::string> members; // codes of departments
  bool others = false;              // only those members that a clause does not name by themselves
  bool provisional = false;         // the list is not official
};

// A department of a clause, and how it comes to be there.
struct Named {
  std::string department; // code
  std::string through;    // code of the body that stands for it; empty: named by itself
  bool provisional = false;
  bool operator==(const Named&) const = default;
};

// Departments and bodies. lookup() takes a code, a name or an alias; codes and words are unique over both.
class Departments {
public:
  Departments() = default;
  Departments(std::vector<Department> departments, std::vector<Body> bodies);
  const std::vector<Department>& all() const { return departments_; }
  const std::vector<Body>& bodies() const { return bodies_; }
  const Department* find(std::string_view code) const;
  const Body* body(std::string_view code) const;
  // Code of the department or body that the word means; empty: none.
  std::string lookup(std::string_view word) const;
  std::vector<std::string> known_words() const;

private:
  std::vector<Department> departments_;
  std::vector<Body> bodies_;
  std::unordered_map<std::string, std::string> by_word_; // code
};

// The leads and the responsible of one clause or target, bodies resolved into their members, each department once: a
// lead is not responsible too, and who is named by itself does not come through a body. In order of naming.
struct Tasked {
  std::vector<Named> lead;
  std::vector<Named> responsible;
};
Tasked tasked(const Departments& departments, const std::vector<std::string>& lead,
              const std::vector<std::string>& responsible);

struct Group { // of the population
  std::string id;
  Label name;
};

enum class SectionKind : uint8_t { goal, action, project, guarantee };

struct Section {
  std::string id;
  SectionKind kind = SectionKind::action;
  Label name;
  std::string group; // empty: none
};

struct Clause {
  std::string id; // "8"; "goal"; "g1"
  std::string section;
  Label title;
  std::string text;                     // the plan's own words
  std::vector<std::string> lead;        // codes of departments and bodies, as the clause names them
  std::vector<std::string> responsible; // the same
};

// How a year is spent: weights of its months, January first, not all 0; within a month evenly by day.
struct Profile {
  std::string id;
  std::array<uint32_t, 12> months{};
};

enum class TargetKind : uint8_t {
  annual,     // every year anew; years are never added
  cumulative, // what came since the plan began
  stock,      // the value at the moment
  coverage,   // the share of a register's entries
  each,       // the number of a register's entries that meet a rule
  survey      // a survey's rate
};

struct Target {
  std::string id; // "8.workers"; unique over all plans
  std::string clause;
  std::string quote; // occurs in the clause's text
  Label name;
  std::vector<std::string> indicators; // at least one; all of them must reach the floor
  TargetKind kind = TargetKind::annual;
  bool above = false;                   // the floor itself is not enough: 超过
  std::optional<std::string> floor;     // canonical decimal; nullopt: every entry of the register (kind each)
  std::optional<std::string> stretch;   // canonical decimal above the floor, reached at or above it
  std::string unit;                     // of the quantity of its indicators
  Day due = 0;                          // the last day that counts
  std::string profile;                  // annual; empty: evenly by day
  std::vector<std::string> lead;        // as of a clause, resolved: those of the clause where it names none
  std::vector<std::string> responsible; // the same
  std::string group;                    // that of the section where it names none; empty: none
};

struct Plan {
  std::string id; // stem of its file
  Label name;
  Day from = 0; // the first and last day of it
  Day to = 0;
  std::string area; // code: figures are those of this area
  std::vector<Group> groups;
  std::vector<Section> sections; // in the plan's order, as the clauses and the targets of a clause
  std::vector<Clause> clauses;
  std::vector<Profile> profiles;
  std::vector<Target> targets;

  const Group* group(std::string_view id) const;
  const Section* section(std::string_view id) const;
  const Clause* clause(std::string_view id) const;
  const Profile* profile(std::string_view id) const;
};

// Who owes which dataset, for which periods, and until when. A period's return is there when a fact of it is.
struct Return {
  std::string id;
  Label name;
  std::string dataset;
  std::string department;        // code
  std::string source;            // id; empty: whatever source has facts of the dataset
  Period from{};                 // the first and the last that is owed, of one freq
  std::optional<Period> to = {}; // nullopt: for good
  int32_t days = 0;              // after the period's end, the last of which is in time
};

} // namespace kepu::model
