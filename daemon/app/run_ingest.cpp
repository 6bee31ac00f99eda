#include "app/run_ingest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kepu::app {
namespace {

// The share of rejects is judged on so many rows at first, then part by part.
constexpr uint64_t first_rows = 1'000;
// A smaller part is not judged: one slip among a few rows is a reject that a clerk can mend, not a
// source of another kind.
constexpr uint64_t judged_rows = 100;

const std::string no_input;

// The code of a row whose days retention has frozen.
constexpr std::string_view late = "period_frozen";

// Places mean something in one content only. Where a backfill reads another content than the one that the name holds,
// its rows must not be taken for those that were at their places.
std::string known_by(const wire::InputAsked& asked) {
  std::string out = asked.name + "\n";
  for (const uint8_t byte : asked.content_hash)
    out += fmt::format("{:02x}", byte);
  return out;
}

Error contract(std::string text) { return fail("contract", std::move(text)); }

store::Refused refused_by(const pipeline::Refusal& refusal, const std::string& dataset) {
  return {refusal.place, dataset, refusal.field, refusal.code, refusal.message};
}

} // namespace

std::string refusing_answer(const wire::Header& header) {
  std::string frames;
  if (header.type == wire::Type::commit) wire::encode(wire::Ack{.dropped = true}, header.tag, frames);
  if (header.type == wire::Type::input && header.tag != 0)
    wire::encode(wire::InputAnswered{.decision = KEPU_REFUSED}, header.tag, frames);
  return frames;
}

Result<std::unique_ptr<RunIngest>> RunIngest::begin(store::Writer& writer, supervisor::RunInfo info,
                                                    RefusedInputs& refused, const Clock& clock) {
  std::unique_ptr<RunIngest> out(new RunIngest(writer, std::move(info), refused, clock));
  const auto& run = out->info_;
  refused.read_by(run.library_hash);
  const auto& backfill = run.backfill;
  auto number = writer.begin_run({run.source, run.connector, run.connector_version, run.library_hash, run.started,
                                  backfill ? "backfill of " + backfill->text() : ""});
  if (!number) return number.error();
  out->run_ = *number;
  out->mappers_.resize(run.datasets.size());
  out->part_ = backfill ? writer.open_backfill(out->run_, *backfill) : writer.open_part(out->run_);
  return out;
}

Result<pipeline::Mapper*> RunIngest::mapper(uint16_t dataset) {
  if (dataset >= mappers_.size())
    return contract("rows came for dataset number " + std::to_string(dataset) + ", which was not declared");
  auto& slot = mappers_[dataset];
  if (!slot) {
    const auto& declared = info_.datasets[dataset];
    const auto* contracted = writer_.catalog()->dataset(declared.id);
    auto* codes = writer_.codes(declared.id);
    if (!contracted || !codes) return contract("the catalog has no dataset \"" + declared.id + "\"");
    auto made = pipeline::Mapper::make(*writer_.catalog(), *contracted, declared, *codes,
                                       writer_.horizon(info_.source, declared.id));
    if (!made) return made.error();
    slot = std::move(*made);
  }
  return &*slot;
}

RunIngest::Answer RunIngest::frame(const wire::Header& header, std::string_view payload) {
  Answer answer;
  const auto done = is_refused_ ? Result<void>() : take(header, payload, answer.frames);
  if (is_refused_ || !done) answer.frames = refusing_answer(header);
  answer.committed = header.type == wire::Type::commit && !info_.backfill && !is_refused_ && done;
  if (!done) answer.refuse = refusal_of(done.error());
  return answer;
}

std::optional<supervisor::Refusal> RunIngest::lost(const Error& error) {
  return is_refused_ ? std::nullopt : std::optional(refusal_of(error));
}

supervisor::Refusal RunIngest::refusal_of(const Error& error) {
  is_refused_ = true;
  part_.reset();
  if (error.code == "contract") return {"bug", error.text};
  if (error.code == "too_many_rejects") return {"bad_data", error.text, has_new_refused_input_};
  if (error.code == "no_time" || error.code == "untold" || error.code == "uncommitted") return {"bad_data", error.text};
  // The store's trouble, not the connector's: nothing is lost, the source is read again from its cursor.
  return {"retry", "the store could not take the rows: " + error.text};
}

std::optional<supervisor::Refusal> RunIngest::swap() {
  if (!info_.backfill || is_refused_) return std::nullopt;
  const auto done = try_swap();
  return done ? std::nullopt : std::optional(refusal_of(done.error()));
}

Result<void> RunIngest::try_swap() {
  if (is_uncommitted_ || part_->input_is_open())
    return fail("uncommitted", "the connector ended without committing what it gave last; nothing was changed");
  std::vector<std::string> ids;
  bool has_time = false;
  for (const auto& declared : info_.datasets) {
    const auto* dataset = writer_.catalog()->dataset(declared.id);
    if (!dataset) continue;
    ids.push_back(declared.id);
    has_time = has_time || dataset->when();
  }
  if (!has_time) return fail("no_time", "no dataset of the source tells times, so that none has days to be swapped");
  auto swapped = part_->swap(ids);
  if (swapped) return {};
  if (swapped.error().code == "untold") {
    if (auto dropped = part_->drop(); !dropped) return dropped;
  }
  return swapped.error();
}

Result<void> RunIngest::take(const wire::Header& header, std::string_view payload, std::string& frames) {
  is_uncommitted_ = header.type != wire::Type::commit;
  if (header.type == wire::Type::rows) return rows(payload);
  if (header.type == wire::Type::retract) return retract(payload);
  auto message = wire::decode_from_worker(header.type, payload);
  if (!message) return contract(message.error().text);
  if (const auto* asked = std::get_if<wire::InputAsked>(&*message)) return input(*asked, header.tag, frames);
  if (const auto* scope = std::get_if<wire::ScopeFrame>(&*message)) return replace(*scope);
  if (auto* refused = std::get_if<wire::RejectFrame>(&*message)) {
    ++sent_rejects_;
    return reject(
        {refused->place, "", std::move(refused->field), std::move(refused->code), std::move(refused->message)});
  }
  if (const auto* frame = std::get_if<wire::CommitFrame>(&*message)) return commit(*frame, header.tag, frames);
  return contract("a frame came that does not belong into a run");
}

Result<void> RunIngest::rows(std::string_view payload) {
  auto batch = wire::decode_batch(payload);
  if (!batch) return contract(batch.error().text);
  auto found = mapper(batch->dataset);
  if (!found) return found.error();
  auto& map = **found;
  const auto& id = map.dataset().contract.id;
  sent_rows_ += batch->rows;
  if (!map.has_key() && !replaces_keyless_) {
    // Such rows are known by input and row number, so an input is always replaced as a whole.
    if (!part_->input_is_open())
      return contract("dataset " + id + " has no key, so its rows must be read from an input (begin_input)");
    store::Scope scope;
    scope.this_input = true;
    if (auto ok = part_->begin_replace(id, std::move(scope)); !ok) return ok;
    replaces_keyless_ = true;
  }
  refused_.clear();
  const auto& input = part_->input_is_open() ? inputs_.back().known_by : no_input;
  if (auto ok = map.map(*batch, clock_.now(), input, facts_, refused_); !ok) return ok;
  count(facts_.rows, 0);
  if (auto ok = part_->put(id, facts_); !ok) return ok;
  facts_.fields.clear(); // the next batch may be of another dataset
  for (const auto& refusal : refused_) {
    if (info_.backfill && refusal.code == late) continue; // of other days: those of a backfill are not frozen
    if (auto ok = reject(refused_by(refusal, id)); !ok) return ok;
  }
  if (!judged_first_ && run_rows_ >= first_rows) {
    judged_first_ = true;
    return judge("of the first ");
  }
  return {};
}

void RunIngest::count(uint64_t rows, uint64_t rejects) {
  tally_.rows += rows;
  tally_.rejects += rejects;
  run_rows_ += rows;
  if (!part_->input_is_open()) return;
  inputs_.back().rows += rows;
  inputs_.back().rejects += rejects;
}

Result<void> RunIngest::reject(store::Refused refused) {
  // A late row says nothing against those beside it.
  count(1, refused.code == late ? 0 : 1);
  return part_->reject(std::move(refused));
}

bool RunIngest::too_many(const Tally& tally) const {
  return static_cast<double>(tally.rejects) > info_.max_reject_share * static_cast<double>(tally.rows);
}

// Drops the part when too many of its rows are rejects.
Result<void> RunIngest::judge(const char* which_rows) {
  if (tally_.rows < judged_rows || !too_many(tally_)) return {};
  if (auto dropped = part_->drop(); !dropped) return dropped;
  std::string names;
  size_t bad_inputs = 0;
  for (const auto& input : inputs_) {
    if (!too_many(input)) continue;
    if (!info_.backfill) has_new_refused_input_ |= refused_inputs_.add(input.name, input.hash);
    if (++bad_inputs == 1) names = " of " + input.name;
  }
  if (bad_inputs > 1) names += " and " + std::to_string(bad_inputs - 1) + " more";
  return fail(
      "too_many_rejects",
      fmt::format("{} {}{} rows{} were refused, more than max_reject_share = {} allows; {}; look at the rejects, then "
                  "correct the data, the settings or the catalog",
                  tally_.rejects, which_rows, tally_.rows, names, info_.max_reject_share,
                  info_.backfill ? "nothing was changed" : "these rows are dropped, earlier parts stay"));
}

Result<void> RunIngest::retract(std::string_view payload) {
  auto batch = wire::decode_batch(payload);
  if (!batch) return contract(batch.error().text);
  auto found = mapper(batch->dataset);
  if (!found) return found.error();
  model::FactColumns keys;
  if (auto ok = (*found)->map_keys(*batch, keys); !ok) return ok;
  return part_->retract((*found)->dataset().contract.id, keys);
}

Result<void> RunIngest::input(const wire::InputAsked& asked, uint32_t tag, std::string& frames) {
  if (asked.act == wire::InputAsked::Act::end) {
    if (!part_->input_is_open()) return contract("an input was ended that is not open");
    if (replaces_keyless_) {
      replaces_keyless_ = false;
      if (auto ok = part_->end_replace(); !ok) return ok;
    }
    return part_->end_input();
  }
  if (part_->input_is_open()) return contract("an input was begun while another is open");
  if (!info_.backfill && refused_inputs_.holds(asked.name, asked.content_hash)) {
    frames = refusing_answer({0, wire::Type::input, tag});
    return {};
  }
  auto answer = part_->begin_input({asked.name, asked.size, asked.content_hash});
  if (!answer) return answer.error();
  if (answer->decision != store::Decision::known) inputs_.push_back({{}, asked.name, asked.content_hash, asked.name});
  if (info_.backfill) {
    // Nothing is read on from what was held: rows of the days may lie anywhere.
    const auto held = std::exchange(answer->previous, std::nullopt);
    if (!held || held->hash != asked.content_hash) inputs_.back().known_by = known_by(asked);
  }
  wire::InputAnswered told;
  switch (answer->decision) {
  case store::Decision::take:
    told.decision = KEPU_TAKE;
    break;
  case store::Decision::known:
    told.decision = KEPU_KNOWN;
    break;
  case store::Decision::resume:
    told.decision = KEPU_RESUME;
    break;
  }
  if (answer->previous) {
    told.has_previous = true;
    told.previous_size = answer->previous->size;
    told.previous_hash = answer->previous->hash;
  }
  wire::encode(told, tag, frames);
  return {};
}

Result<void> RunIngest::replace(const wire::ScopeFrame& frame) {
  if (frame.act == wire::ScopeFrame::Act::end) {
    if (!part_->is_replacing() || replaces_keyless_) return contract("a replacement was ended that was not begun");
    return part_->end_replace();
  }
  if (part_->is_replacing()) return contract("a replacement was begun inside another");
  auto found = mapper(frame.dataset);
  if (!found) return found.error();
  const auto& map = **found;
  const auto& dataset = map.dataset();
  if (frame.this_input && !part_->input_is_open())
    return contract("a replacement of this input was begun without an open input");
  store::Scope scope;
  scope.this_input = frame.this_input;
  scope.time_from = frame.time_from;
  scope.time_until = frame.time_until;
  for (const auto& condition : frame.conditions) {
    if (condition.field >= map.declared_fields()) return contract("a replacement names a field that was not declared");
    const size_t field = map.field_of(condition.field);
    const auto& contracted = dataset.contract.fields[field];
    const auto holding = model::holding_of(contracted);
    if (holding != model::Holding::code && holding != model::Holding::number) {
      return contract("a replacement of dataset " + dataset.contract.id + " cannot be limited by field " +
                      contracted.name);
    }
    if (std::find(dataset.scope.begin(), dataset.scope.end(), contracted.name) == dataset.scope.end()) {
      return contract("the catalog does not let a replacement of dataset " + dataset.contract.id +
                      " be limited by field " + contracted.name + "; name it in its scope");
    }
    scope.conditions.push_back({field, condition.text, condition.integer});
  }
  return part_->begin_replace(dataset.contract.id, std::move(scope));
}

Result<void> RunIngest::commit(const wire::CommitFrame& frame, uint32_t tag, std::string& frames) {
  if (replaces_keyless_) return contract("an input of a dataset without a key is one part; commit after end_input");
  if (part_->is_replacing()) return contract("a part was committed inside a replacement");
  if (frame.rows != sent_rows_ || frame.rejects != sent_rejects_) {
    return contract("a commit counts " + std::to_string(frame.rows) + " rows and " + std::to_string(frame.rejects) +
                    " rejects, " + std::to_string(sent_rows_) + " and " + std::to_string(sent_rejects_) + " came");
  }
  if (auto ok = judge("of "); !ok) return ok;
  if (!info_.backfill) { // its parts become visible together; see swap()
    if (auto committed = part_->commit(frame.cursor); !committed) return committed.error();
  }
  sent_rows_ = sent_rejects_ = 0;
  tally_ = {};
  inputs_.erase(inputs_.begin(), inputs_.end() - (part_->input_is_open() ? 1 : 0));
  for (auto& open : inputs_)
    static_cast<Tally&>(open) = {};
  wire::encode(wire::Ack{}, tag, frames);
  return {};
}

Result<void> RunIngest::end(const supervisor::RunOutcome& outcome) {
  std::string text = outcome.text;
  if (const auto& backfill = info_.backfill) {
    text.insert(0, "backfill of " + backfill->text() + ": ");
    if (part_ && outcome.status == "ok") {
      const auto passed = part_->passed_over();
      if (passed.outside > 0) text += fmt::format("; rows of other days that were passed over: {}", passed.outside);
      if (passed.held_elsewhere > 0)
        text +=
            fmt::format("; rows passed over since the hub holds their keys on other days: {}", passed.held_elsewhere);
    }
  }
  part_.reset();
  return writer_.end_run(run_, outcome.status, text, outcome.ended);
}

} // namespace kepu::app
