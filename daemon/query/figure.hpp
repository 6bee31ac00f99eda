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
  store::CountedFacts facts;
  std::string next;
};
// The same; `visit` as in Reader::counted_facts().
Result<Explained> explain_within(store::Reader& reader, const ObservationQuery& query,
                                 const std::function<bool(const store::CountedFact&)>& visit);

} // namespace kepu::query
