// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/csv_folder.hpp>

#include <kepu/toolkit/bookmark.hpp>
#include <kepu/toolkit/csv.hpp>
#include <kepu/toolkit/encoding.hpp>
#include <kepu/toolkit/file.hpp>
#include <kepu/toolkit/fold.hpp>
#include <kepu/toolkit/folder.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <system_error>

namespace kepu::toolkit {
namespace {

std::string error_text(int number) { return std::generic_category().message(number); }

const char* name_of(Encoding encoding) {
  switch (encoding) {
  case Encoding::utf8:
    return "UTF-8";
  case Encoding::utf16le:
    return "UTF-16LE";
  case Encoding::utf16be:
    return "UTF-16BE";
  case Encoding::gb18030:
    return "GB18030";
  }
  return "";
}

CsvOptions csv_options(const EncodingChoice& encoding, char delimiter) {
  CsvOptions out;
  out.delimiter = delimiter;
  out.encoding = encoding.encoding;
  out.clean = encoding.clean;
  out.max_field = KEPU_MAX_CELL_BYTES;
  out.max_row = KEPU_MAX_ROW_BYTES;
  return out;
}

// For a row that could not even be cut into fields.
Refusal refusal_of(CsvProblem problem, uint64_t offset) {
  const std::string at = " (byte " + std::to_string(offset) + " of the file)";
  switch (problem) {
  case CsvProblem::none:
    break;
  case CsvProblem::too_long:
    return {"", "too_long",
            "a field is longer than 64 KiB, or the row than 256 KiB" + at + "; look for a quote that is not closed"};
  case CsvProblem::unterminated_quote:
    return {"", "unterminated_quote", "a quote is opened and not closed" + at + "; close it or take it out"};
  case CsvProblem::nul_byte:
    return {"", "bad_character",
            "there is a NUL byte in the row" + at +
                "; save the file as CSV in UTF-8 (it may be UTF-16 without a mark)"};
  case CsvProblem::bad_encoding:
    return {"", "bad_encoding",
            "a byte is no character in the file's encoding" + at + "; correct the row and save the file in UTF-8"};
  }
  return {};
}

bool is_blank(std::span<const std::string_view> fields) {
  return std::ranges::all_of(fields, [](std::string_view field) { return trim(field).empty(); });
}

Refusal wrong_count(size_t columns, size_t of_header) {
  return {"", "column_count",
          "the row has " + std::to_string(columns) + " columns and the header " + std::to_string(of_header) +
              "; look for a missing or extra delimiter, and put text that holds one in quotes"};
}

class Intake {
public:
  Intake(const CsvFolderOptions& options, Host& host, const kepu_dataset& dataset, RowReader& reader)
      : options_(options), host_(host), dataset_(dataset), reader_(reader), rows_(host.rows(dataset)) {}
  Outcome run();

private:
  struct Counts {
    uint64_t files = 0, refused_files = 0, rows = 0, rejects = 0, waiting = 0;
  };
  struct Candidate {
    explicit Candidate(const Entry& of) : entry(of) {}
    const Entry& entry;
    struct stat status {};
    File file;
    Survey survey;
    uint64_t fingerprint = 0;
    Header header;
    char delimiter = ',';
    CsvPosition body; // the record after the header
  };
  enum class Read { done, must_replace };

  void prepare();
  void take(const Entry& entry);
  bool look(Candidate& it);
  bool read_header(Candidate& it);
  void refuse_whole(Candidate& it);
  void take_open(Candidate& it, const InputAnswer& answer);
  bool only_grew(const Candidate& it, const InputAnswer& answer);
  Read read(const Candidate& it, CsvPosition from, uint64_t skip_until, bool replacing);
  void finish(const Candidate& it, uint64_t part);
  void settle(const Candidate& it) { bookmark_.settled.insert(it.fingerprint); }
  void settle_taken(const Candidate& it);
  void refused(const Candidate& it, const std::string& why);
  uint64_t commit();
  void show_progress(uint64_t within);
  bool go_on() const { return !host_.is_cancelled(); }
  void stop_if_cancelled() const;
  [[noreturn]] void fail_reading(const std::string& name, bool changed) const;

  const CsvFolderOptions& options_;
  Host& host_;
  const kepu_dataset& dataset_;
  RowReader& reader_;
  Rows& rows_;

  std::vector<Entry> entries_;
  std::vector<uint64_t> by_size_; // fingerprints, largest file first
  Bookmark bookmark_;
  std::string committed_; // the bookmark as committed last
  uint64_t last_part_ = 0;
  uint64_t now_us_ = 0;
  Counts counts_;
  std::vector<std::string> passed_over_; // names that the hub will not take as they are
  uint64_t bytes_done_ = 0, bytes_total_ = 0;
};

Outcome Intake::run() {
  if (const int failed = list(options_.folder, options_.pattern, entries_)) {
    return Outcome::retry("the folder " + options_.folder + " cannot be listed: " + error_text(failed) +
                          "; make it, mount it, or let the hub's user read it");
  }
  prepare();
  for (const auto& entry : entries_) {
    stop_if_cancelled();
    const uint64_t before = bytes_done_;
    take(entry);
    bytes_done_ = before + static_cast<uint64_t>(entry.status.st_size);
    show_progress(0);
  }
  if (bookmark_.text(by_size_) != committed_) commit();
  if (bookmark_.settled.size() > most_settled) {
    host_.warning(std::to_string(bookmark_.settled.size()) + " files lie in " + options_.folder + ", of which " +
                  std::to_string(most_settled) +
                  " can be remembered; the others are hashed at every run. Take old "
                  "files away, or use work_folder with done = \"move\".");
  }
  // Rows are counted by the hub, which may refuse more of them than this connector does.
  std::string text = counts_.files == 0   ? "no new file"
                     : counts_.files == 1 ? "1 file taken"
                                          : std::to_string(counts_.files) + " files taken";
  if (counts_.refused_files)
    text += "; " + std::to_string(counts_.refused_files) + " refused as a whole, see its reject";
  if (counts_.waiting) text += "; " + std::to_string(counts_.waiting) + " still being written";
  if (!passed_over_.empty()) {
    text += "; passed over " + passed_over_.front();
    if (passed_over_.size() > 1) text += " and " + std::to_string(passed_over_.size() - 1) + " more";
    return Outcome::bad_data(text + ": too many rows of it were refused; look at the rejects, then save it again "
                                    "with correct rows, or correct the settings or the catalog and restart kepud");
  }
  return Outcome::ok(text);
}

void Intake::prepare() {
  now_us_ = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
  committed_ = host_.cursor();
  if (auto parsed = Bookmark::parse(committed_))
    bookmark_ = std::move(*parsed);
  else
    host_.warning("the bookmark is of another version of this connector: every file is looked at once more");

  if (options_.move) {
    std::erase_if(entries_,
                  [](const Entry& entry) { return entry.name == done_folder && S_ISDIR(entry.status.st_mode); });
  }
  std::vector<std::pair<uint64_t, uint64_t>> sized; // size, fingerprint
  std::set<uint64_t> here;
  for (const auto& entry : entries_) {
    const uint64_t mark = fingerprint(entry.name, entry.status, options_.salt);
    if (bookmark_.settled.contains(mark)) here.insert(mark);
    sized.emplace_back(static_cast<uint64_t>(entry.status.st_size), mark);
  }
  bookmark_.settled = std::move(here); // what is gone need not be remembered
  std::erase_if(entries_, [&](const Entry& entry) {
    return bookmark_.settled.contains(fingerprint(entry.name, entry.status, options_.salt));
  });
  std::sort(sized.rbegin(), sized.rend());
  for (const auto& [size, mark] : sized)
    by_size_.push_back(mark);
  for (const auto& entry : entries_)
    bytes_total_ += static_cast<uint64_t>(entry.status.st_size);
}

void Intake::stop_if_cancelled() const {
  if (!go_on()) throw Ended(Outcome::cancelled());
}

void Intake::show_progress(uint64_t within) {
  host_.progress(std::min(bytes_done_ + within, bytes_total_), bytes_total_);
}

uint64_t Intake::commit() {
  committed_ = bookmark_.text(by_size_);
  last_part_ = host_.commit(committed_);
  return last_part_;
}

// BAD_DATA drops what is not committed; what is, belongs to the content that was announced, because
// every block was compared before a row of it was given out.
void Intake::fail_reading(const std::string& name, bool changed) const {
  if (changed) {
    throw Ended(Outcome::bad_data(name + " changed while it was read; its unfinished part is dropped, and it is read "
                                         "anew once it stays unchanged. Let programs write under another name and "
                                         "rename when done."));
  }
  const int number = errno;
  throw Ended(Outcome::retry(name + " cannot be read: " + error_text(number) + "; look at the disk or the share"));
}

// Opens, checks and surveys; false: not now, and why was logged.
bool Intake::look(Candidate& it) {
  const std::string& name = it.entry.name;
  it.status = it.entry.status;
  it.fingerprint = fingerprint(name, it.status, options_.salt);
  auto is_file = [&] {
    if (S_ISREG(it.status.st_mode)) return true;
    host_.warning(name + (S_ISDIR(it.status.st_mode) ? " is a folder" : " is no regular file") +
                  " and is not read; give it a name that " + options_.pattern + " does not match");
    settle(it);
    return false;
  };
  auto is_quiet = [&] {
    const int64_t quiet = quiet_for(it.status, static_cast<int64_t>(now_us_));
    if (options_.settle_us == 0 || quiet >= options_.settle_us) return true;
    host_.debug(name + " was changed a moment ago and waits for the next run");
    ++counts_.waiting;
    return false;
  };
  if (!is_file() || !is_quiet()) return false;
  if (find_invalid_utf8(name) != std::string_view::npos) {
    host_.warning("a file's name is not UTF-8 (" + std::to_string(name.size()) + " bytes); rename it");
    settle(it);
    return false;
  }
  it.file = File::open(options_.folder + '/' + name);
  if (!it.file) {
    const int number = errno;
    if (number == ENOENT)
      host_.info(name + " vanished before it was read");
    else
      host_.warning(name + " cannot be opened: " + error_text(number) + "; let the hub's user read it");
    return false;
  }
  if (fstat(it.file.fd(), &it.status) != 0) fail_reading(name, false);
  it.fingerprint = fingerprint(name, it.status, options_.salt);
  if (!is_file() || !is_quiet()) return false; // another one than a moment ago
  if (it.status.st_size == 0) {
    host_.info(name + " is empty and waits until something is in it");
    settle(it);
    return false;
  }
  const auto end = survey(
      it.file.fd(), [&] { return go_on(); }, it.survey);
  if (end == SurveyEnd::failed) {
    const int number = errno;
    host_.warning(name + " cannot be read: " + error_text(number) + "; look at the disk or the share");
    return false;
  }
  stop_if_cancelled();
  struct stat after {};
  if (fstat(it.file.fd(), &after) != 0) fail_reading(name, false);
  if (!same(it.status, after) || it.survey.size != static_cast<uint64_t>(it.status.st_size)) {
    host_.info(name + " is being written and waits for the next run");
    ++counts_.waiting;
    return false;
  }
  return true;
}

void Intake::refused(const Candidate& it, const std::string& why) {
  ++counts_.refused_files;
  ++counts_.rejects;
  host_.warning(it.entry.name + " is refused: " + why);
}

// The file is refused for what it is: one reject, and it counts as taken.
void Intake::refuse_whole(Candidate& it) {
  const auto& survey = it.survey;
  const auto answer = host_.begin_input(it.entry.name, survey.size, survey.hash);
  if (answer.open()) {
    host_.reject(1, "", "bad_encoding",
                 "the file is neither UTF-8 (from byte " + std::to_string(survey.first_bad) +
                     " on) nor GB18030; save it as \"CSV UTF-8\" and put it here again");
    host_.end_input();
    refused(it, "it is neither UTF-8 nor GB18030");
  }
  bookmark_.open.reset();
  settle(it);
  commit();
}

// False: the file is refused for its header. That may be the settings' fault: the hub is not told that this
// content was taken, so that it is read when the settings are right.
bool Intake::read_header(Candidate& it) {
  SurveyedSource source(it.file.fd(), it.survey, it.survey.encoding->mark);
  CsvReader reader(source, csv_options(*it.survey.encoding, options_.delimiter), {it.survey.encoding->mark, 1});
  std::string field, code, message;
  switch (reader.next()) {
  case CsvReader::Next::row: {
    auto problem = find_columns(reader.fields(), options_.columns, options_.columns_set_by, it.header);
    it.delimiter = reader.delimiter();
    it.body = reader.position();
    if (!problem) return true;
    field = std::move(problem.field);
    code = std::move(problem.code);
    message = std::move(problem.message);
    break;
  }
  case CsvReader::Next::bad_row: {
    auto refusal = refusal_of(reader.problem(), reader.problem_offset());
    code = refusal.code;
    message = std::move(refusal.message);
    break;
  }
  case CsvReader::Next::window:
  case CsvReader::Next::end:
    host_.info(it.entry.name + " holds only blank lines and waits until something is in it");
    settle(it);
    return false;
  case CsvReader::Next::failed:
    if (!source.changed()) fail_reading(it.entry.name, false);
    ++counts_.waiting;
    host_.info(it.entry.name + " is being written and waits for the next run");
    return false;
  }
  host_.reject(reader.row(), field, code, it.entry.name + ": " + message);
  refused(it, message);
  settle(it);
  commit();
  return false;
}

bool Intake::only_grew(const Candidate& it, const InputAnswer& answer) {
  if (!answer.has_previous || answer.previous_size == 0 || answer.previous_size >= it.survey.size) return false;
  // Rows of another content may have come in between: only replacing all of them is exact.
  if (options_.replace && bookmark_.has_begun(hash64(it.entry.name))) return false;
  Prefix prefix;
  const auto end = survey_prefix(
      it.file.fd(), answer.previous_size, [&] { return go_on(); }, prefix);
  stop_if_cancelled();
  if (end == SurveyEnd::failed) fail_reading(it.entry.name, false);
  if (prefix.hash != answer.previous_hash) return false;
  // What was appended may show that the beginning was taken for another encoding than it is.
  return prefix.ascii || (prefix.encoding && prefix.encoding->encoding == it.survey.encoding->encoding);
}

// Hands over the rows from `from` on; those of records that end at or before `skip_until` were taken already.
Intake::Read Intake::read(const Candidate& it, CsvPosition from, uint64_t skip_until, bool replacing) {
  SurveyedSource source(it.file.fd(), it.survey, from.offset);
  CsvReader reader(source, csv_options(*it.survey.encoding, it.delimiter), from);
  uint64_t border = from.offset; // where the record that comes next begins
  uint64_t in_part = 0;
  const uint64_t name = hash64(it.entry.name);
  Refusal refusal;
  auto refuse = [&](const Refusal& why) {
    host_.reject(reader.row(), why.field, why.code, why.message);
    ++counts_.rejects;
  };
  for (;;) {
    const auto next = reader.next();
    switch (next) {
    case CsvReader::Next::row:
    case CsvReader::Next::bad_row: {
      if (reader.position().offset <= skip_until) {
        border = reader.position().offset;
        continue;
      }
      if (skip_until) {
        // The old content ended inside a record: what was read of it cannot be taken back row by row.
        if (options_.replace && border != skip_until) return Read::must_replace;
        skip_until = 0;
      }
      if (next == CsvReader::Next::bad_row) {
        refuse(refusal_of(reader.problem(), reader.problem_offset()));
      } else if (options_.skip_blank && is_blank(reader.fields())) {
        // none
      } else if (reader.fields().size() != it.header.count) {
        refuse(wrong_count(reader.fields().size(), it.header.count));
      } else if (reader_.read(CsvRow(reader.fields(), it.header), rows_.row(reader.row()), refusal)) {
        ++counts_.rows;
      } else {
        rows_.drop_row();
        refuse(refusal);
      }
      if (++in_part >= options_.commit_rows && !replacing) {
        bookmark_.open = Bookmark::Open{name, it.survey.size, it.survey.hash, reader.position()};
        bookmark_.begin(name);
        commit();
        in_part = 0;
      }
      continue;
    }
    case CsvReader::Next::window:
      rows_.flush(); // the next call ends the fields that the rows point to
      show_progress(reader.position().offset);
      stop_if_cancelled();
      continue;
    case CsvReader::Next::end:
      rows_.flush();
      return Read::done;
    case CsvReader::Next::failed:
      fail_reading(it.entry.name, source.changed());
    }
  }
}

void Intake::take_open(Candidate& it, const InputAnswer& answer) {
  const std::string& name = it.entry.name;
  const uint64_t key = hash64(name);
  const auto rows = counts_.rows, rejects = counts_.rejects;
  const auto& open = bookmark_.open;
  auto replace_all = [&] {
    Scope scope;
    scope.this_input = true;
    host_.begin_replace(dataset_, scope);
    if (!options_.whole) (void)read(it, it.body, 0, true);
    host_.end_replace();
  };
  const char* how = "";
  if (options_.whole) {
    if (answer.has_previous) how = ", in place of the earlier content";
    (void)read(it, it.body, 0, true);
    // The hub replaces when the first row comes; of a file without one it must be told.
    if (counts_.rows == rows && answer.has_previous) replace_all();
  } else if (answer.decision == KEPU_RESUME && open && open->name == key && open->size == it.survey.size &&
             open->hash == it.survey.hash && open->at.offset <= it.survey.size) {
    how = ", from where it was left";
    (void)read(it, open->at, 0, false);
  } else if (only_grew(it, answer)) {
    how = ", only what was added";
    if (read(it, it.body, answer.previous_size, false) == Read::must_replace) {
      how = ", in place of the earlier content";
      replace_all();
    }
  } else if (options_.replace && (answer.has_previous || bookmark_.has_begun(key))) {
    how = ", in place of the earlier content";
    replace_all();
  } else {
    (void)read(it, it.body, 0, false);
  }
  host_.end_input();
  bookmark_.open.reset();
  bookmark_.end(key);
  settle_taken(it);
  const uint64_t part = commit();
  ++counts_.files;
  host_.info(name + " handed over" + how + ": " + std::to_string(counts_.rows - rows) + " rows, " +
             std::to_string(counts_.rejects - rejects) + " refused (" + name_of(it.survey.encoding->encoding) + ")");
  finish(it, part);
}

void Intake::take(const Entry& entry) {
  Candidate it(entry);
  if (!look(it)) return;
  if (!it.survey.encoding) return refuse_whole(it);
  if (!read_header(it)) return;
  const auto answer = host_.begin_input(entry.name, it.survey.size, it.survey.hash);
  if (answer.open()) return take_open(it, answer);
  if (answer.decision == KEPU_REFUSED) { // not settled: it is asked for again in the next run
    passed_over_.push_back(entry.name);
    return;
  }
  host_.debug(entry.name + " is known: its content was taken before");
  settle_taken(it);
  finish(it, last_part_); // a copy of what this run took may still be on its way to the disk
}

// A taken file that is to be moved is not settled while it is still there.
void Intake::settle_taken(const Candidate& it) {
  if (!options_.move) settle(it);
}

// The file is taken. `part`: the last one that it needs; 0: an earlier run's.
void Intake::finish(const Candidate& it, uint64_t part) {
  if (!options_.move || host_.range()) return; // of a backfill nothing is safe before its end
  if (part) host_.wait_durable(part);
  std::string as;
  const int failed = move_to_done(options_.folder, it.entry.name, it.status, as);
  if (failed == ESTALE) {
    host_.info(it.entry.name + " was replaced after it was read; the new one is looked at in the next run");
  } else if (failed) {
    host_.warning(it.entry.name + " is taken but cannot be moved to " + std::string(done_folder) + ": " +
                  error_text(failed) + "; let the hub's user write in " + options_.folder);
  }
}

} // namespace

Outcome run_csv_folder(const CsvFolderOptions& options, Host& host, const kepu_dataset& dataset, RowReader& rows) {
  return Intake(options, host, dataset, rows).run();
}

} // namespace kepu::toolkit
