// Figures counted from facts, under any definition that was ever in force. The reader's thread. Throws SqlError.
#pragma once

#include "measure/meter.hpp"
#include "store/fact_ends.hpp"
#include "store/reader.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace kepu::store {

// Texts of a dataset's codes, looked up when they are asked for; codes are never given twice.
class StoredCodes final : public measure::Codes {
public:
  StoredCodes(Db& db, const model::Dataset& dataset);
  std::string_view text(size_t field, uint32_t code) const override;

private:
  Db& db_;
  std::vector<std::string> names_; // of fields in the dictionary
  mutable std::vector<std::unordered_map<uint32_t, std::string>> texts_;
};

// A definition of an indicator, in force from commit `since` on.
struct Definition {
  Seq since = 0;
  model::Zone zone;
  Seq until = 0;                               // exclusive; 0: there is no other since
  bool in_force() const { return until == 0; } // by now: then a rebuild mends what is damaged of it
};
// Says how to get back what is damaged of figures under a definition. Error code "damaged".
Error damaged_under(bool in_force, const std::string& what);
// That of commit `at`; nullopt: the indicator had none.
std::optional<Definition> definition_at(Db& db, std::string_view indicator, Seq at);

// Series of an indicator under a definition that were there by commit `at`.
std::vector<Series> series_under(Db& db, std::string_view indicator, const Definition& definition, Seq at);
// The first day, as the definition cuts days, that lacks no fact. A zone that came after the horizon moved what was
// left.
model::Day whole_from(const Horizon& horizon, const model::Dataset& dataset, const Definition& definition);
// Throws with code "history_horizon" where facts of a figure that counts these series were given up.
void refuse_beyond_horizon(Db& db, const model::Dataset& dataset, const Definition& definition, const FigureAsk& ask,
                           const std::vector<Series>& series, const std::vector<bool>& chosen);

// What facts bring to a figure.
struct Share {
  int64_t n = 0;
  __int128 sum = 0; // measure sum
  int64_t approximate = 0;
  int64_t repaired = 0;
  int64_t provisional = 0;
  int64_t left_out = 0; // facts
  bool operator==(const Share&) const = default;
  void add(const Share& more, int sign) {
    n += sign * more.n;
    sum += sign * more.sum;
    approximate += sign * more.approximate;
    repaired += sign * more.repaired;
    provisional += sign * more.provisional;
  }
};

// One figure under one definition: the facts of some days and some series, and what they bring.
class Cell {
public:
  // `ask` outlives this; its indicator is one of the catalog, and of a dataset of it.
  Cell(Db& db, std::shared_ptr<const model::Catalog> catalog, Definition definition, const FigureAsk& ask);

  const model::Catalog& catalog() const { return *catalog_; }
  const model::Indicator& indicator() const { return indicator_; }
  const model::Dataset& dataset() const { return dataset_; }
  const Definition& definition() const { return definition_; }
  const StoredCodes& codes() const { return codes_; }
  bool distinct() const { return meter_.distinct(); }
  // Whether facts of the block may fall into the figure's days.
  bool may_hold(const BlockPlace& block) const;
  // What these rows of one source bring. Distinct: `numbers` gets their values, one with each time that it comes.
  Share share(int64_t source, const model::FactColumns& facts, std::span<const uint32_t> rows,
              std::vector<std::pair<uint32_t, int32_t>>& numbers);
  // Dimensions of a row that share() counted alone.
  const std::vector<std::string>& dimensions() const { return meter_.tuple(changes_.deltas.front().tuple); }

private:
  Series series(int64_t source, const measure::Delta& delta);
  bool chosen(int64_t source, const measure::Delta& delta);

  Db& db_;
  const std::shared_ptr<const model::Catalog> catalog_;
  const Definition definition_;
  const FigureAsk& ask_;
  const model::Indicator& indicator_;
  const model::Dataset& dataset_;
  const StoredCodes codes_;
  measure::Meter meter_;
  measure::Changes changes_;
  std::map<int64_t, std::string> sources_;
  std::map<std::tuple<int64_t, model::Freq, uint32_t>, bool> chosen_; // by source, frequency and tuple
};

// Decimals of the indicator's values.
int scale_of(const model::Catalog& catalog, const model::Indicator& indicator);

} // namespace kepu::store
