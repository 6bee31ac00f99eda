#include "app/reload.hpp"

namespace kepu::app {
namespace {

class Reload final : public store::Work {
public:
  Reload(store::Writer& writer, std::shared_ptr<const model::Catalog> catalog, const model::Zone& zone,
         std::function<void(std::shared_ptr<const model::Catalog>)> taken)
      : writer_(writer), catalog_(std::move(catalog)), zone_(zone), taken_(std::move(taken)) {}

  Result<bool> step() override {
    const auto before = writer_.catalog();
    const auto last = writer_.latest().load();
    const auto loaded = writer_.load_catalog(catalog_, zone_);
    if (!loaded) {
      // The store's file is as it was; what the writer holds of it in memory is put back.
      if (const auto back = writer_.load_catalog(before, zone_); !back) return back.error();
      return loaded.error();
    }
    if (loaded->seq == last) return true; // it says what it said before
    outcome_.commit = *loaded;
    taken_(catalog_);
    return true;
  }
  Progress progress() const override { return {}; }
  Outcome outcome() const override { return outcome_; }

private:
  store::Writer& writer_;
  const std::shared_ptr<const model::Catalog> catalog_;
  const model::Zone zone_;
  const std::function<void(std::shared_ptr<const model::Catalog>)> taken_;
  Outcome outcome_;
};

} // namespace

Result<std::unique_ptr<store::Work>> reload_catalog(store::Writer& writer, const settings::Daemon& daemon,
                                                    std::function<void(const std::string&)> complain,
                                                    std::function<void(std::shared_ptr<const model::Catalog>)> taken) {
  auto loaded = settings::load(daemon.file);
  if (!loaded.problems.empty()) {
    for (const auto& problem : loaded.problems)
      complain(problem.sentence());
    const auto more = loaded.problems.size() - 1;
    return fail("bad_configuration",
                "The catalog stays as it was: " + loaded.problems.front().sentence() +
                    (more == 0 ? "" : ", and " + std::to_string(more) + " more; `kepuctl check` tells all"));
  }
  // Days are cut in the zone that the daemon began with, as everything else of its main file stays until it is
  // started again.
  auto zone = model::Zone::find(daemon.time_zone);
  if (!zone) return zone.error();
  return std::unique_ptr<store::Work>(
      std::make_unique<Reload>(writer, loaded.configuration.catalog, *zone, std::move(taken)));
}

} // namespace kepu::app
