// SPDX-License-Identifier: Apache-2.0
//
// A connector of CSV files in a folder, but for what its rows mean: settings, which files are read and when, what is
// handed over, moved and refused. A connector says which columns it asks for and makes cells of rows.
//
// Exactness rests on three things. The hub's ledger, not the connector, says whether a content was
// taken. What is read is the content that was announced or nothing (SurveyedSource). And the bookmark
// is committed together with the rows that it stands behind.
#pragma once

#include <kepu/connector.hpp>
#include <kepu/toolkit/header.hpp>
#include <kepu/toolkit/zone.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::toolkit {

struct CsvFolderOptions {
  std::string folder;
  std::string pattern;
  char delimiter = 0;       // 0: detected
  bool replace = false;     // a correction replaces everything that came from the file
  bool move = false;        // done files go to done/
  int64_t settle_us = 0;    // a file that changed since then is still being written
  uint64_t commit_rows = 0; // rows and rejects of one part
  uint64_t salt = 0;        // of what decides how a file is read: after a change refused files are looked at again

  // What csv_folder_options leaves to the connector:
  std::vector<Column> columns;
  std::string columns_set_by; // "the settings column_* of the source"
  bool whole = false;         // of a dataset without a key a file is one part, and always replaced as a whole
  bool skip_blank = false;    // a row of nothing but delimiters, which a spreadsheet leaves of cleared cells, is none
};

// Why a row is refused. Codes are stable; messages say what to do and quote nothing of the row: in a shifted row any
// field may hold what is nobody's business.
struct Refusal {
  std::string_view field; // lives as long as the connector
  std::string_view code;  // the same
  std::string message;
};

class RowReader {
public:
  virtual ~RowReader() = default;
  // Puts a cell for each field of the dataset into `rows`, where the row is begun; texts of `row` may be borrowed.
  // False: refused, and what was put does not count.
  virtual bool read(const CsvRow& row, Rows& rows, Refusal& refusal) = 0;
};

// The settings that such connectors share; list them in the SettingSpecs.
namespace csv_setting {
inline constexpr Choices delimiters{"auto", "comma", "semicolon", "tab"};
inline constexpr Choices on_changes{"upsert", "replace"};
inline constexpr Choices dones{"leave", "move"};

inline constexpr Setting folder =
    setting::input_folder("folder").help("Folder with the files; it is only read. Give this or work_folder.",
                                         "放文件的文件夹，只读。与 work_folder 二选一。");
inline constexpr Setting work_folder = setting::work_folder("work_folder")
                                           .help("Folder with the files, when done files are moved to done/ inside it.",
                                                 "放文件的文件夹；处理完的文件可移入其中的 done/。");
inline constexpr Setting pattern = setting::text("pattern").otherwise("*.csv").help(
    "Which names to read: * any characters, ? one; case does not matter.",
    "读取哪些文件名：* 任意字符，? 一个字符，不分大小写。");
inline constexpr Setting delimiter =
    setting::choice("delimiter", delimiters)
        .otherwise("auto")
        .help("What separates the columns; auto: what the first line holds most of.", "列分隔符；auto 按第一行判断。");
inline constexpr Setting on_change =
    setting::choice("on_change", on_changes)
        .otherwise("upsert")
        .help("New content under a known name: upsert its rows, or replace all rows that came from that name.",
              "同名文件内容变化时：upsert 按编号更新，replace 整份替换。");
inline constexpr Setting done =
    setting::choice("done", dones)
        .otherwise("leave")
        .help("Files that were taken: leave them, or move them to done/ (needs work_folder).",
              "已读取的文件：leave 原地保留，move 移入 done/（需要 work_folder）。");
inline constexpr Setting settle = setting::duration("settle").otherwise("2s").help(
    "A file that changed more recently is still being written and waits.", "最近改动过的文件视为仍在写入，等到下次。");
inline constexpr Setting commit_rows =
    setting::integer("commit_rows")
        .otherwise("131072")
        .help("Rows that become visible together, 1 to 1000000.", "一次提交的行数，1 到 1000000。");
} // namespace csv_setting

// From these settings. `read_with`: the connector's own settings that decide how a file is read, as any text. Throws
// Ended (BAD_CONFIG).
CsvFolderOptions csv_folder_options(const Settings& given, std::string_view read_with);

// The hub's zone; throws Ended when this system does not know it.
Zone zone_of(const Host& host);

// One run: goes through the folder and hands over what is new. Worker thread; borrows all of it for the call.
Outcome run_csv_folder(const CsvFolderOptions& options, Host& host, const kepu_dataset& dataset, RowReader& rows);

} // namespace kepu::toolkit
