// SPDX-License-Identifier: Apache-2.0
//
// One run: goes through the folder and hands over what is new. Worker thread.
//
// Exactness rests on three things. The hub's ledger, not this connector, says whether a content was
// taken. What is read is the content that was announced or nothing (SurveyedSource). And the bookmark
// is committed together with the rows that it stands behind.
#pragma once

#include "bookmark.hpp"
#include "columns.hpp"
#include "folder.hpp"

#include <kepu/connector.hpp>
#include <kepu/toolkit/file.hpp>
#include <kepu/toolkit/zone.hpp>

#include <string>
#include <vector>

namespace venue_turnstile {

struct Options {
  std::string folder;
  std::string pattern;
  char delimiter = 0; // 0: detected
  Wanted wanted;
  bool replace = false;     // a correction replaces everything that came from the file
  bool move = false;        // done files go to done/
  int64_t settle_us = 0;    // a file that changed since then is still being written
  uint64_t commit_rows = 0; // rows and rejects of one part
  uint64_t salt = 0;        // of the settings that decide how a file is read
};

class Intake {
public:
  Intake(const Options& options, kepu::Host& host, const kepu_dataset& passages, kepu::toolkit::Zone zone);
  kepu::Outcome run();

private:
  struct Counts {
    uint64_t files = 0, refused_files = 0, rows = 0, rejects = 0, waiting = 0;
  };
  struct Candidate {
    explicit Candidate(const Entry& of) : entry(of) {}
    const Entry& entry;
    struct stat status {};
    kepu::toolkit::File file;
    kepu::toolkit::Survey survey;
    uint64_t fingerprint = 0;
    Columns columns;
    char delimiter = ',';
    kepu::toolkit::CsvPosition body; // the record after the header
  };
  enum class Read { done, must_replace };

  void prepare();
  void take(const Entry& entry);
  bool look(Candidate& it);
  bool read_header(Candidate& it);
  void refuse_whole(Candidate& it);
  void take_open(Candidate& it, const kepu::InputAnswer& answer);
  bool only_grew(const Candidate& it, const kepu::InputAnswer& answer);
  Read read(const Candidate& it, kepu::toolkit::CsvPosition from, uint64_t skip_until, bool replacing);
  void finish(const Candidate& it, uint64_t part);
  void settle(const Candidate& it) { bookmark_.settled.insert(it.fingerprint); }
  void settle_taken(const Candidate& it);
  void refused(const Candidate& it, const std::string& why);
  uint64_t commit();
  void show_progress(uint64_t within);
  bool go_on() const { return !host_.is_cancelled(); }
  void stop_if_cancelled() const;
  [[noreturn]] void fail_reading(const std::string& name, bool changed) const;

  const Options& options_;
  kepu::Host& host_;
  const kepu_dataset& passages_;
  kepu::Rows& rows_;
  kepu::toolkit::Zone zone_;

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

} // namespace venue_turnstile
