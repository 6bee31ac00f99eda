// One figure, looked into: what it was before, and which facts it counts. A figure is a question whose `from` and `to`
// are one period and that has no `by`. One thread per Reader.
#pragma once

#include "query/observations.hpp"

namespace kepu::query {

struct History {
  std::vector<store::FigureState> states; // newest first
  std::string next;                       // as Observations::next
};
// Within a moment that the caller has begun (and ends). Error codes as observe().
Result<History> history_within(store::Reader& reader, const store::CommitInfo& moment, const ObservationQuery& query);

// What an indicator's rule between sources made of one cell of its grain.
struct Judged {
  model::Period period;
  std::vector<std::string> codes;                     // parallel to the grain's `by`
  std::vector<std::pair<std::string, __int128>> said; // by source, the best first; in the figure's scale
  std::optional<std::string> source;                  // that counts; nullopt: none does
  bool differs = false;                               // sources say different things
};

struct Explained {
  std::optional<Observation> figure; // nullopt: nothing is counted
  int scale = 0;
  // What the figure is made of, where it is not of facts: the same period and area of other indicators.
  struct Part {
    std::string indicator;
    std::optional<Observation> figure;
    int scale = 0;
  };
  std::vector<Part> parts;
  // Of a rule between sources: the cells of the grain that the figure meets, by period and codes, at most so many.
  std::vector<Judged> cells;
  uint64_t further_cells = 0;
  static constexpr size_t most_cells = 1000;
  store::CountedFacts facts;
  std::string next;
};
// The same; `visit` as in Reader::counted_facts().
Result<Explained> explain_within(store::Reader& reader, const ObservationQuery& query,
                                 const std::function<bool(const store::CountedFact&)>& visit);

} // namespace kepu::query
