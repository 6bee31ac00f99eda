// SPDX-License-Identifier: Apache-2.0
//
// venue_turnstile: passages through the gates of venues, from CSV files in a folder.
#include "passage.hpp"

#include <kepu/connector.hpp>
#include <kepu/toolkit/csv_folder.hpp>

namespace venue_turnstile {
namespace {

namespace field = kepu::field;
namespace setting = kepu::setting;
namespace shared = kepu::toolkit::csv_setting;
namespace toolkit = kepu::toolkit;

constinit const kepu::Dataset passages{"passages",
                                       1,
                                       field::text("event_id").key().required(),
                                       field::text("venue").entity("venues").required(),
                                       field::text("gate").attribute(),
                                       field::text("direction").attribute().required(),
                                       field::timestamp("ts").time().required(),
                                       field::text("card").person("account:turnstile")};
constinit const kepu::Datasets datasets{passages};

constinit const kepu::SettingSpecs settings{
    shared::folder,
    shared::work_folder,
    shared::pattern,
    shared::delimiter,
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
    shared::on_change,
    shared::done,
    shared::settle,
    shared::commit_rows};

constinit const kepu::Descriptor about{{.id = "venue_turnstile",
                                        .version = "1.0.0",
                                        .title = "Passages through venue gates (CSV files)",
                                        .title_zh = "场馆闸机通行记录（CSV 文件）",
                                        .owner = "Kepu Hub"},
                                       settings,
                                       datasets};

toolkit::CsvFolderOptions options_of(const kepu::Settings& given) {
  std::vector<toolkit::Column> columns;
  std::string read_with;
  for (size_t i = 0; i < field_count; ++i) {
    const std::string name(field_names[i]), key = "column_" + name;
    const bool may_lack = i == gate || i == card;
    columns.push_back({name, toolkit::words_of(given.text(key)), false,
                       may_lack ? ", or set " + key + " = \"\" when files have none" : ""});
    if (columns.back().words.empty() && !may_lack)
      throw kepu::Ended(kepu::Outcome::bad_config(key + " is empty; write the word that the header has for it"));
    read_with += '\n' + given.text(key);
  }
  auto out = toolkit::csv_folder_options(given, read_with);
  out.columns = std::move(columns);
  out.columns_set_by = "the settings column_* of the source";
  return out;
}

class VenueTurnstile : public kepu::Connector {
public:
  explicit VenueTurnstile(const kepu::Settings& given) : options_(options_of(given)) {}

  kepu::Outcome run(kepu::Host& host) override {
    Passages rows(toolkit::zone_of(host));
    return toolkit::run_csv_folder(options_, host, passages, rows);
  }

private:
  toolkit::CsvFolderOptions options_;
};

} // namespace

KEPU_CONNECTOR(about, VenueTurnstile)

} // namespace venue_turnstile
