// SPDX-License-Identifier: Apache-2.0
#include <kepu/host/host.hpp>

#include "contracts.hpp"
#include "run.hpp"
#include "texts.hpp"

#include <kepu/host/settings.hpp>

#include <algorithm>
#include <exception>

namespace kepu::host {
namespace {

constexpr size_t told_problems = 12; // sentences in one outcome: enough to work on, short enough to read

std::string joined(const std::vector<std::string>& sentences) {
  std::string out;
  for (size_t i = 0; i < sentences.size() && i < told_problems; ++i)
    out += (i ? "; " : "") + sentences[i];
  if (sentences.size() > told_problems) out += "; and " + std::to_string(sentences.size() - told_problems) + " more";
  return out;
}

// The C form of settings, with what its pointers need.
struct CSettings {
  explicit CSettings(const std::vector<abi::Setting>& from) {
    items.resize(from.size());
    for (size_t i = 0; i < from.size(); ++i) {
      for (const auto& item : from[i].items)
        items[i].push_back({item.data(), item.size()});
      settings.push_back({sizeof(kepu_setting),
                          from[i].type,
                          {from[i].key.data(), from[i].key.size()},
                          from[i].integer,
                          from[i].real,
                          {from[i].text.data(), from[i].text.size()},
                          items[i].data(),
                          items[i].size()});
    }
    for (const auto& setting : settings)
      pointers.push_back(&setting);
    c = {sizeof(kepu_settings), pointers.data(), pointers.size()};
  }
  std::vector<std::vector<kepu_str>> items;
  std::vector<kepu_setting> settings;
  std::vector<const kepu_setting*> pointers;
  kepu_settings c{};
};

// The C form of the catalog's contracts. Points into them.
struct CContracts {
  explicit CContracts(const std::vector<abi::Dataset>& from) {
    const auto given = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
    for (const auto& dataset : from) {
      auto& own = fields.emplace_back();
      for (const auto& f : dataset.fields)
        own.push_back({sizeof(kepu_field), f.roles, f.name.c_str(), f.type, f.scale, given(f.scheme),
                       given(f.entity_register), f.required});
      auto& list = field_pointers.emplace_back();
      for (const auto& f : own)
        list.push_back(&f);
      datasets.push_back({sizeof(kepu_dataset), dataset.version, dataset.id.c_str(), list.data(), list.size()});
    }
    for (const auto& dataset : datasets)
      pointers.push_back(&dataset);
    c = {sizeof(kepu_contracts), 0, pointers.data(), pointers.size()};
  }
  CContracts(const CContracts&) = delete;
  std::vector<std::vector<kepu_field>> fields;
  std::vector<std::vector<const kepu_field*>> field_pointers;
  std::vector<kepu_dataset> datasets;
  std::vector<const kepu_dataset*> pointers;
  kepu_contracts c{};
};

} // namespace

struct Runner::Impl {
  Impl(const Library& l, Sink& s, Config c)
      : library(l), sink(s), config(std::move(c)),
        run(Run::make(s, config.time_zone, config.person_key, config.range)) {
    if (config.contracts) run.offer(contracts.emplace(*config.contracts).c);
  }

  // Calls into the library; `what` names the function.
  template <class F> Outcome call(const char* what, Phase phase, F&& f);
  Outcome agree_on_datasets();
  Outcome check_created() const;

  const Library& library;
  Sink& sink;
  Config config;
  std::unique_ptr<PersonSchemes> persons;
  std::vector<abi::Dataset> datasets;
  std::optional<CContracts> contracts;
  Run& run;
  kepu_connector connector{};
  bool created = false;
};

template <class F> Outcome Runner::Impl::call(const char* what, Phase phase, F&& f) {
  Outcome outcome;
  run.enter(phase);
  try {
    outcome.status = f();
    outcome.text = run.explained();
  } catch (const std::exception& e) {
    outcome = {KEPU_RUN_BUG, std::string(what) + " let an exception cross the ABI: " + scrub(e.what())};
  } catch (...) {
    outcome = {KEPU_RUN_BUG, std::string(what) + " let an exception cross the ABI"};
  }
  run.enter(Phase::idle);
  if (const auto breach = run.breach(); !breach.empty()) return {KEPU_RUN_BUG, breach};
  if (outcome.status < KEPU_RUN_OK || outcome.status > KEPU_RUN_BUG)
    return {KEPU_RUN_BUG,
            std::string(what) + " returned " + std::to_string(outcome.status) + ", which is no kepu_run_status"};
  // The status is told in words elsewhere; that a run was cancelled needs no reason.
  if (outcome.text.empty() && !outcome.ok() && outcome.status != KEPU_RUN_CANCELLED)
    outcome.text = std::string(what) + " did not say why";
  return outcome;
}

Outcome Runner::Impl::agree_on_datasets() {
  datasets = library.descriptor().dynamic ? run.declared() : library.descriptor().datasets;
  if (datasets.empty())
    return {KEPU_RUN_BAD_CONFIG, "discover declared no dataset; correct the settings that say what to read"};
  if (const auto problems = agree(datasets, config.contracts); !problems.empty())
    return {KEPU_RUN_BAD_CONFIG,
            "the connector " + library.descriptor().id + " and the catalog disagree: " + joined(problems)};
  for (const auto& dataset : datasets) {
    for (const auto& field : dataset.fields) {
      if (!(field.roles & KEPU_ROLE_PERSON)) continue;
      if (!config.person_key)
        return {KEPU_RUN_BAD_CONFIG,
                "field " + dataset.id + "." + field.name +
                    " is a person, and there is no person key; "
                    "set [persons] key_file to a file of 64 hexadecimal digits (openssl rand -hex 32)"};
      if (config.person_key->size() != person_key_bytes)
        return {KEPU_RUN_BAD_CONFIG, "the person key has " + std::to_string(config.person_key->size()) +
                                         " bytes; [persons] key_file needs exactly 32 random ones"};
    }
  }
  if (config.person_key && config.person_key->size() == person_key_bytes)
    persons = std::make_unique<PersonSchemes>(*config.person_key);
  run.open(datasets, persons.get());
  return {};
}

Outcome Runner::Impl::check_created() const {
  if (!connector.run || !connector.destroy || (library.descriptor().dynamic && !connector.discover))
    return {KEPU_RUN_BUG, "create left run, destroy or discover NULL; fill them all"};
  return {};
}

Runner::Runner(const Library& library, Sink& sink, Config config)
    : impl_(std::make_unique<Impl>(library, sink, std::move(config))) {}

Runner::~Runner() {
  if (impl_->created && impl_->connector.destroy) {
    try {
      impl_->connector.destroy(impl_->connector.self);
    } catch (...) { // the run is over; there is no one left to tell but the log
      impl_->sink.log(KEPU_ERROR, "destroy let an exception cross the ABI");
    }
  }
  impl_->run.close();
}

const std::vector<abi::Dataset>& Runner::datasets() const { return impl_->datasets; }

Outcome Runner::create() {
  Impl& it = *impl_;
  std::vector<std::string> problems;
  const auto settings = complete_settings(it.library.descriptor().settings, it.config.settings, problems);
  if (!problems.empty()) return {KEPU_RUN_BAD_CONFIG, joined(problems)};
  const CSettings c(settings);
  it.connector.struct_size = sizeof it.connector;
  Outcome outcome =
      it.call("create", Phase::creating, [&] { return it.library.entry()->create(it.run.c(), &c.c, &it.connector); });
  if (!outcome.ok()) return outcome;
  it.created = true;
  if (outcome = it.check_created(); !outcome.ok()) return outcome;
  if (it.library.descriptor().dynamic) {
    outcome = it.call("discover", Phase::discovering, [&] { return it.connector.discover(it.connector.self); });
    if (!outcome.ok()) return outcome;
  }
  return it.agree_on_datasets();
}

Outcome Runner::run() {
  Impl& it = *impl_;
  Outcome outcome = it.call("run", Phase::running, [&] { return it.connector.run(it.connector.self); });
  const uint64_t left = it.run.uncommitted();
  if (!it.run.why_dropped().empty()) return {KEPU_RUN_BAD_DATA, it.run.why_dropped()};
  if (outcome.status != KEPU_RUN_OK) return outcome;
  switch (static_cast<kepu_status>(it.run.stopped())) { // what the connector was told and did not pass on
  case KEPU_E_CANCELLED:
    return {KEPU_RUN_CANCELLED, outcome.text};
  case KEPU_E_DROPPED:
    return {KEPU_RUN_BAD_DATA, outcome.text.empty() ? "the hub refused a part" : outcome.text};
  case KEPU_E_CLOSED:
    return {KEPU_RUN_CANCELLED, "the hub is gone"};
  case KEPU_OK:
  case KEPU_E_CONTRACT:
  case KEPU_E_LIMIT:
    break;
  }
  if (left)
    it.sink.log(KEPU_WARNING,
                "run returned OK with " + std::to_string(left) +
                    " rows or other changes after its last commit; they are dropped. Commit before returning.");
  return outcome;
}

} // namespace kepu::host
