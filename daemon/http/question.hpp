// What questions about figures have in common. Refusals are thrown as Refused. The reader's thread.
#pragma once

#include "http/routes.hpp"
#include "query/observations.hpp"

namespace kepu::http {

// Reads indicator, which may be a list, source, area and the indicators' dimensions. `fixed`: every parameter that the
// path takes whatever the indicator; they go before dimensions of the same name. At least one indicator, of the
// catalog.
std::vector<const model::Indicator*> ask_series(const Asked& asked, const model::Catalog& catalog,
                                                const std::vector<std::string>& fixed, query::ObservationQuery& query);

// One figure: an indicator in one period. `period` says its own freq.
struct FigureQuestion {
  query::ObservationQuery query; // from and to are the period; no `by`
  model::Period period;
  std::string lang;
};
// `takes_day`: whether the parameter `on` may be given.
FigureQuestion figure_question(const Asked& asked, const model::Catalog& catalog, const Moment& moment,
                               bool takes_day = false);
// The parameter `on`: the day that is held as now, which is not after `today`.
std::optional<model::Day> day_asked(const Asked& asked, model::Day today);
// "&on=…&as_of=…" as they were asked for, for addresses of what an answer follows from.
std::string same_moment(const Asked& asked);
// Members that tell what an indicator is.
void write_indicator(Json& json, const std::string& lang, const model::Catalog& catalog,
                     const model::Indicator& indicator);
// Members that tell what else every question has in common: filters, source, moment, page, language, time zone, and the
// commit that changed the answer last.
void write_asked(Json& json, const Asked& asked, const Moment& moment, const query::ObservationQuery& query,
                 uint32_t limit, const std::string& lang, const store::CommitInfo& changed);
// Members that tell what figure was asked for.
void write_figure(Json& json, const Asked& asked, const Moment& moment, const FigureQuestion& question,
                  const model::Catalog& catalog, const store::CommitInfo& changed);

// Throws what the query refused, with the parameter that it speaks of. `range`: the parameter that names its periods.
[[noreturn]] void refuse(const Error& error, const query::ObservationQuery& query, const char* range);

const std::string& in_language(const model::Label& label, const std::string& lang);

} // namespace kepu::http
