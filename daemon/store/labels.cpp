#include "store/labels.hpp"

#include "base/printable.hpp"

#include <algorithm>

namespace kepu::store {
namespace {

// A line of a report's title; more does not fit beside a figure.
constexpr size_t longest_label = 200; // bytes

int64_t number(Seq seq) { return static_cast<int64_t>(std::min<Seq>(seq, INT64_MAX)); }

void check(std::string_view label) {
  const auto refuse = [&](const char* why) {
    throw SqlError(fail("bad_label", in_quotes(label) + " cannot be a label: " + why));
  };
  if (label.empty()) refuse("it is empty");
  if (label.size() > longest_label) refuse("it is longer than 200 bytes");
  if (printable(label) != label) refuse("it holds characters that are not shown");
  if (label.front() == ' ' || label.back() == ' ') refuse("it begins or ends with a blank");
  if (label.find(';') != std::string_view::npos) refuse("semicolons stand between labels");
}

std::optional<CommitInfo> read_commit(Query row) {
  if (!row.step()) return std::nullopt;
  return CommitInfo{static_cast<Seq>(row.integer(0)), from_micros(row.integer(1))};
}

} // namespace

std::optional<CommitInfo> labelled(Db& db, std::string_view label) {
  auto row = db.query("SELECT commits.seq,recorded_at FROM labels JOIN commits ON commits.seq=labels.seq WHERE label=? "
                      "ORDER BY set_seq DESC LIMIT 1");
  row.bind(1, label);
  return read_commit(std::move(row));
}

std::vector<std::string> all_labels(Db& db) {
  std::vector<std::string> out;
  auto row = db.query("SELECT DISTINCT label FROM labels ORDER BY label");
  while (row.step())
    out.push_back(row.text(0));
  return out;
}

std::vector<std::string> labels_of(Db& db, Seq commit, Seq at) {
  std::vector<std::string> out;
  auto row = db.query("SELECT DISTINCT label FROM labels l WHERE seq=?1 AND ?1=(SELECT seq FROM labels WHERE "
                      "label=l.label AND set_seq<=?2 ORDER BY set_seq DESC LIMIT 1) ORDER BY label");
  row.bind(1, number(commit)).bind(2, number(at));
  while (row.step())
    out.push_back(row.text(0));
  return out;
}

ToLabel commit_to_label(Db& db, std::optional<Seq> commit, std::string_view label, bool replace) {
  check(label);
  std::optional<CommitInfo> found;
  if (commit) {
    auto row = db.query("SELECT seq,recorded_at FROM commits WHERE seq=?");
    row.bind(1, static_cast<int64_t>(*commit)); // beyond the range it is negative, and of no commit
    found = read_commit(std::move(row));
    if (!found) throw SqlError(fail("unknown_commit", "there is no commit " + std::to_string(*commit)));
  } else {
    found = read_commit(db.query("SELECT seq,recorded_at FROM commits WHERE kind<>'label' ORDER BY seq DESC LIMIT 1"));
    if (!found) throw SqlError(fail("unknown_commit", "nothing is committed yet"));
  }
  const auto bearer = labelled(db, label);
  if (bearer && bearer->seq == found->seq) return {*bearer, false};
  if (bearer && !replace) {
    throw SqlError(fail("label_taken", "commit " + std::to_string(bearer->seq) + " bears the label " +
                                           in_quotes(label) + "; answers that were given by it would change"));
  }
  return {*found, true};
}

void put_label(Db& db, std::string_view label, Seq set_seq, Seq commit) {
  db.query("INSERT INTO labels(label,set_seq,seq) VALUES(?,?,?)")
      .bind(1, label)
      .bind(2, number(set_seq))
      .bind(3, number(commit))
      .run();
}

} // namespace kepu::store
