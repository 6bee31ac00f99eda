// SPDX-License-Identifier: Apache-2.0
//
// venue_turnstile: passages through the gates of venues, from CSV files in a folder.
#include "intake.hpp"

#include <kepu/connector.hpp>

namespace venue_turnstile {
namespace {

namespace field = kepu::field;
namespace setting = kepu::setting;

constinit const kepu::Dataset passages{"passages",
                                       1,
                                       field::text("event_id").key().required(),
                                       field::text("venue").entity("venues").required(),
                                       field::text("gate").attribute(),
                                       field::text("direction").attribute().required(),
                                       field::timestamp("ts").time().required(),
                                       field::text("card").person("account:turnstile")};
constinit const kepu::Datasets datasets{passages};

constinit const kepu::Choices delimiters{"auto", "comma", "semicolon", "tab"};
constinit const kepu::Choices on_changes{"upsert", "replace"};
constinit const kepu::Choices dones{"leave", "move"};

constinit const kepu::SettingSpecs settings{
    setting::input_folder("folder").help("Folder with the files; it is only read. Give this or work_folder.",
                                         "放文件的文件夹，只读。与 work_folder 二选一。"),
    setting::work_folder("work_folder")
        .help("Folder with the files, when done files are moved to done/ inside it.",
              "放文件的文件夹；处理完的文件可移入其中的 done/。"),
    setting::text("pattern").otherwise("*.csv").help(
        "Which names to read: * any characters, ? one; case does not matter.",
        "读取哪些文件名：* 任意字符，? 一个字符，不分大小写。"),
    setting::choice("delimiter", delimiters)
        .otherwise("auto")
        .help("What separates the columns; auto: what the first line holds most of.", "列分隔符；auto 按第一行判断。"),
    setting::text("column_event_id")
        .otherwise("event_id,事件编号")
        .help("Header words of the event's number, separated by commas.", "事件编号列的表头，可写多个，用逗号分隔。"),
    setting::text("column_venue")
        .otherwise("venue,场馆")
        .help("Header words of the venue's code or name.", "场馆代码或名称列的表头。"),
    setting::text("column_gate")
        .otherwise("gate,闸机")
        .help("Header words of the gate; \"\": files have none.", "闸机列的表头；\"\" 表示没有此列。"),
    setting::text("column_direction")
        .otherwise("direction,方向")
        .help("Header words of the direction (in, out, 进, 入, 出).", "方向列的表头（in、out、进、入、出）。"),
    setting::text("column_ts").otherwise("ts,时间").help("Header words of the time.", "时间列的表头。"),
    setting::text("column_card")
        .otherwise("card,卡号")
        .help("Header words of the card; \"\": files have none.", "卡号列的表头；\"\" 表示没有此列。"),
    setting::choice("on_change", on_changes)
        .otherwise("upsert")
        .help("New content under a known name: upsert its rows, or replace all rows that came from that name.",
              "同名文件内容变化时：upsert 按编号更新，replace 整份替换。"),
    setting::choice("done", dones)
        .otherwise("leave")
        .help("Files that were taken: leave them, or move them to done/ (needs work_folder).",
              "已读取的文件：leave 原地保留，move 移入 done/（需要 work_folder）。"),
    setting::duration("settle").otherwise("2s").help(
        "A file that changed more recently is still being written and waits.",
        "最近改动过的文件视为仍在写入，等到下次。"),
    setting::integer("commit_rows")
        .otherwise("131072")
        .help("Rows that become visible together, 1 to 1000000.", "一次提交的行数，1 到 1000000。")};

constinit const kepu::Descriptor about{{.id = "venue_turnstile",
                                        .version = "1.0.0",
                                        .title = "Passages through venue gates (CSV files)",
                                        .title_zh = "场馆闸机通行记录（CSV 文件）",
                                        .owner = "Kepu Hub"},
                                       settings,
                                       datasets};

constexpr int64_t most_commit_rows = 1'000'000; // above it a part takes seconds to become visible

[[noreturn]] void refuse(const std::string& text) { throw kepu::Ended(kepu::Outcome::bad_config(text)); }

Options options_of(const kepu::Settings& given) {
  Options out;
  const std::string folder = given.text_or("folder", ""), work = given.text_or("work_folder", "");
  if (folder.empty() == work.empty()) {
    refuse(folder.empty() ? "neither folder nor work_folder is given; add folder = \"…\" under [settings]"
                          : "both folder and work_folder are given; keep one of them under [settings]");
  }
  out.folder = folder.empty() ? work : folder;
  out.move = given.text("done") == "move";
  if (out.move && work.empty())
    refuse("done = \"move\" moves files, and folder is only read: write work_folder instead of folder");
  out.pattern = given.text("pattern");
  if (out.pattern.empty() || out.pattern.find('/') != std::string::npos)
    refuse("pattern = \"" + out.pattern + "\" is for names inside the folder; write one like \"*.csv\"");
  const std::string& delimiter = given.text("delimiter");
  out.delimiter = delimiter == "comma" ? ',' : delimiter == "semicolon" ? ';' : delimiter == "tab" ? '\t' : '\0';
  std::string read_with = delimiter;
  for (size_t i = 0; i < field_count; ++i) {
    const std::string key = "column_" + std::string(field_names[i]);
    out.wanted[i] = words_of(given.text(key));
    if (out.wanted[i].empty() && i != gate && i != card)
      refuse(key + " is empty; write the word that the header has for it");
    read_with += '\n' + given.text(key);
  }
  out.salt = hash64(read_with);
  out.replace = given.text("on_change") == "replace";
  out.settle_us = given.duration("settle").count();
  const int64_t rows = given.integer("commit_rows");
  if (rows < 1 || rows > most_commit_rows)
    refuse("commit_rows = " + std::to_string(rows) + " is not between 1 and " + std::to_string(most_commit_rows));
  out.commit_rows = static_cast<uint64_t>(rows);
  return out;
}

class VenueTurnstile : public kepu::Connector {
public:
  explicit VenueTurnstile(const kepu::Settings& given) : options_(options_of(given)) {}

  kepu::Outcome run(kepu::Host& host) override {
    auto zone = kepu::toolkit::Zone::find(host.time_zone());
    if (!zone) {
      return kepu::Outcome::bad_config("this system does not know the time zone " + host.time_zone() +
                                       "; install tzdata or correct time_zone");
    }
    return Intake(options_, host, passages, std::move(*zone)).run();
  }

private:
  Options options_;
};

} // namespace

KEPU_CONNECTOR(about, VenueTurnstile)

} // namespace venue_turnstile
