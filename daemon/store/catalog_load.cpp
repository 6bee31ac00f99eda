#include "store/catalog_load.hpp"

#include "base/hash.hpp"
#include "model/catalog_text.hpp"
#include "store/frozen_figures.hpp"
#include "store/inputs.hpp"
#include "store/rebuild.hpp"
#include "store/sums.hpp"

namespace kepu::store {
namespace {

// A rebuild puts changes on disk when so many set changes wait in memory (12 bytes each).
constexpr size_t rebuild_changes = 2'000'000;

std::string sealed(std::string body) {
  seal(body);
  return body;
}

class Load {
public:
  explicit Load(Core& core) : core_(core) {}

  CommitInfo run(std::shared_ptr<const model::Catalog> catalog, const model::Zone& zone) {
    const std::string body = sealed(model::encode_catalog(*catalog));
    bool is_new = true;
    {
      auto last = core_.db.query("SELECT body FROM catalog ORDER BY seq DESC LIMIT 1");
      if (last.step()) {
        is_new = last.blob(0) != body;
        bool ok = false;
        auto before = model::decode_catalog(unseal(last.blob(0), ok));
        if (!ok || !before)
          throw SqlError(fail("damaged", "the stored catalog is damaged; restore the store from a backup"));
        refuse_changed_datasets(**before, *catalog);
        if (maps_otherwise(**before, *catalog)) read_rejected_again(core_.db, 0);
        read_other_versions(**before, *catalog);
      }
    }
    {
      auto last = core_.db.query("SELECT v FROM meta WHERE k='time_zone'");
      is_new = is_new || !last.step() || last.text(0) != zone.name();
    }
    CommitInfo commit{core_.latest, core_.last_recorded};
    if (is_new) {
      commit = core_.put_commit("catalog", 0, 0);
      core_.db.query("INSERT INTO catalog(seq,body) VALUES(?,?)")
          .bind(1, static_cast<int64_t>(commit.seq))
          .bind_blob(2, body)
          .run();
      core_.db.query("INSERT OR REPLACE INTO meta(k,v) VALUES('time_zone',?)").bind(1, zone.name()).run();
    }
    core_.figures.clear();
    core_.datasets.clear();
    core_.ledger.blocks().forget(); // decoded in the order of the fields before
    core_.catalog = std::move(catalog);
    core_.zone = zone;
    for (const auto& dataset : core_.catalog->datasets) {
      auto stored = std::make_unique<StoredDataset>(stored_name(dataset), dataset, core_.schema_number(dataset),
                                                    core_.dictionary);
      core_.datasets.emplace(dataset.contract.id, std::move(stored));
    }
    for (const auto& indicator : core_.catalog->indicators)
      define(indicator, commit.seq, is_new);
    if (is_new) end_definitions(commit.seq);
    return commit;
  }

private:
  // Figures of an indicator that the catalog no longer has are not kept up: should it come back, they are made anew.
  void end_definitions(Seq seq) {
    std::vector<std::string> gone;
    {
      auto row = core_.db.query("SELECT indicator FROM definitions WHERE until_seq IS NULL");
      while (row.step()) {
        if (!core_.catalog->indicator(row.text(0))) gone.push_back(row.text(0));
      }
    }
    for (const auto& indicator : gone) {
      end_definition(indicator, seq);
      core_.touch(indicator, seq);
    }
  }

  void end_definition(const std::string& indicator, Seq seq) {
    core_.db.query("UPDATE definitions SET until_seq=? WHERE indicator=? AND until_seq IS NULL")
        .bind(1, static_cast<int64_t>(seq))
        .bind(2, indicator)
        .run();
  }

  // Whether rows may be taken that were refused before, or the other way: all but indicators and plans says so.
  static bool maps_otherwise(model::Catalog before, model::Catalog now) {
    for (auto* one : {&before, &now}) {
      one->indicators.clear();
      one->departments = {};
      one->plans.clear();
      one->returns.clear();
    }
    return model::encode_catalog(before) != model::encode_catalog(now);
  }

  // Facts of another version do not count, so all of it is read again.
  void read_other_versions(const model::Catalog& before, const model::Catalog& now) {
    for (const auto& dataset : now.datasets) {
      const auto* had = before.dataset(dataset.contract.id);
      if (had && had->contract.version != dataset.contract.version) read_dataset_again(core_.db, stored_name(*had));
    }
  }

  // Facts are read by the fields' names and types; a change of what they mean is a new version.
  static void refuse_changed_datasets(const model::Catalog& before, const model::Catalog& now) {
    constexpr uint32_t lasting = KEPU_ROLE_KEY | KEPU_ROLE_TIME | KEPU_ROLE_UNTIL | KEPU_ROLE_PERIOD | KEPU_ROLE_PERSON;
    for (const auto& dataset : now.datasets) {
      const auto* had = before.dataset(dataset.contract.id);
      if (!had || had->contract.version != dataset.contract.version) continue;
      const auto refuse = [&](const std::string& field, const std::string& what) {
        throw SqlError(fail(
            "dataset_changed",
            "dataset " + dataset.contract.id + ": " + what + " of field \"" + field +
                "\" changed; facts were stored under the old one, so raise the dataset's version: its facts then no "
                "longer count, and its sources are read again"));
      };
      for (const auto& field : dataset.contract.fields) {
        const auto at = had->field(field.name);
        if (!at) {
          if (field.roles & KEPU_ROLE_KEY) refuse(field.name, "the role key");
          continue;
        }
        const auto& old = had->contract.fields[*at];
        if (old.type != field.type || old.scale != field.scale) refuse(field.name, "the type");
        if (old.scheme != field.scheme) refuse(field.name, "the scheme");
        if ((old.roles & lasting) != (field.roles & lasting) || model::holding_of(old) != model::holding_of(field))
          refuse(field.name, "a role");
      }
      for (const auto& old : had->contract.fields) {
        if ((old.roles & KEPU_ROLE_KEY) && !dataset.field(old.name)) refuse(old.name, "the role key");
      }
    }
  }

  void define(const model::Indicator& indicator, Seq seq, bool is_new) {
    if (is_new) core_.touch(indicator.id, seq); // its labels may have changed
    const auto found = core_.datasets.find(indicator.dataset);
    if (found == core_.datasets.end()) return; // made of other indicators
    const auto& dataset = *found->second;
    if (auto ok = measure::measurable(indicator, dataset.dataset); !ok) throw SqlError(ok.error());
    const auto fingerprint = measure::fingerprint(*core_.catalog, indicator, *core_.zone);
    Seq def_seq = 0;
    {
      auto row =
          core_.db.query("SELECT def_seq,fingerprint,sum FROM definitions WHERE indicator=? AND until_seq IS NULL");
      row.bind(1, indicator.id);
      // Of the same catalog it can be no other: then it is the store's note of it that is damaged.
      if (row.step() && (row.blob(1) == fingerprint || (!is_new && sum_of(row.blob(1)) != row.integer(2))))
        def_seq = static_cast<Seq>(row.integer(0));
    }
    if (def_seq != 0) mend_definition(core_, indicator.id, def_seq, fingerprint);
    const bool changed = def_seq == 0;
    if (changed) {
      def_seq = seq;
      end_definition(indicator.id, seq);
      core_.db.query("INSERT INTO definitions(indicator,def_seq,until_seq,fingerprint,sum) VALUES(?,?,NULL,?,?)")
          .bind(1, indicator.id)
          .bind(2, static_cast<int64_t>(seq))
          .bind_blob(3, fingerprint)
          .bind(4, sum_of(fingerprint))
          .run();
    }
    auto figure = std::make_unique<Figure>(core_.db, *core_.catalog, indicator, dataset, *core_.zone, def_seq);
    if (changed) make_anew(*figure, dataset, seq);
    core_.figures[indicator.dataset].push_back(std::move(figure));
  }

  void make_anew(Figure& figure, const StoredDataset& dataset, Seq seq) {
    std::map<int64_t, measure::Changes> by_source;
    const auto write = [&](int64_t source, measure::Changes& changes) {
      figure.write(core_.cells, source, changes, seq);
      changes.clear();
    };
    scan_facts(core_.db, dataset.dataset, {}, [&](const FactSlice& slice) {
      auto& changes = by_source[slice.extent.source];
      figure.meter().apply(slice.block.facts, slice.rows, 1, changes);
      if (changes.sets.size() > rebuild_changes) write(slice.extent.source, changes);
    });
    for (auto& [source, changes] : by_source)
      write(source, changes);
    carry_frozen(core_, figure, dataset, seq);
  }

  Core& core_;
};

} // namespace

CommitInfo load_catalog(Core& core, std::shared_ptr<const model::Catalog> catalog, const model::Zone& zone) {
  return Load(core).run(std::move(catalog), zone);
}

} // namespace kepu::store
