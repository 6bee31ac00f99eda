// An input that is read again for its rejects speaks with its first voice: its rows, also those that are good only now,
// count as if they had come when its content was read first, and what was said since then stands. Writer thread.
// Throws SqlError.
//
// Inputs of a source are read one after the other and numbered so, which tells which of two was first. Where rows came
// without an input, runs and their commits tell.
#pragma once

#include "measure/fact_set.hpp"
#include "store/claims.hpp"
#include "store/core.hpp"
#include "store/inputs.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kepu::store {

// Of a run.
class FirstVoice {
public:
  // All must outlive this.
  FirstVoice(Core& core, const OpenRun& run, const Claims& claims) : core_(core), run_(run), claims_(claims) {}

  // The input is begun, or gone on with, as another reading of `first`; see first_reading().
  void begin(int64_t input, int64_t first, const InputAsk& ask);
  void end() { first_ = 0; }
  bool speaks() const { return first_ != 0; }

  // Whether the fact was given or retracted after the first reading by something else, so that a row of its key changes
  // nothing; of a key's facts the last that is not nullopt decides. nullopt: it says nothing, because no input is read
  // again or its run is withdrawn.
  std::optional<bool> is_outlived(const StoredDataset& dataset, Fact fact, bool in_force);
  // Whether the row, had it come with the first reading, would have gone with what was replaced since.
  bool is_replaced(const StoredDataset& dataset, const model::FactColumns& facts, uint32_t row);

private:
  struct Since { // what was said of a dataset since the first reading
    measure::FactSet given;
    measure::FactSet retracted; // of keys that held nothing then
    std::vector<Scope> scopes;
  };
  const Since& since(const StoredDataset& dataset);
  bool is_later(int64_t input, int64_t run, std::optional<Seq> seq) const;

  Core& core_;
  const OpenRun& run_;
  const Claims& claims_;
  std::optional<std::map<int64_t, int64_t>> firsts_; // of inputs that are other readings; nullopt: not read yet
  int64_t first_ = 0;                                // 0: the open input is its own
  int64_t first_run_ = 0;                            // that read it to its end
  Seq until_ = 0;                                    // its last commit with something of it
  std::set<int64_t> own_;                            // inputs of the same name and content
  std::map<std::string, Since> since_;               // by the stored dataset's name
};

} // namespace kepu::store
