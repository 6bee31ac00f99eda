// SPDX-License-Identifier: Apache-2.0
//
// csv_table: CSV files in a folder into any dataset of the catalog, by a mapping of columns.
#include "mapping.hpp"

#include <kepu/connector.hpp>
#include <kepu/toolkit/csv_folder.hpp>
#include <kepu/toolkit/nearest.hpp>

#include <algorithm>

namespace csv_table {
namespace {

namespace setting = kepu::setting;
namespace shared = kepu::toolkit::csv_setting;
namespace toolkit = kepu::toolkit;

constinit const kepu::Choices decimals{"auto", "point", "comma"};

constinit const kepu::SettingSpecs settings{
    shared::folder,
    shared::work_folder,
    setting::text("dataset").required().help("The catalog's dataset that the files are for.",
                                             "文件对应的数据集（catalog 中的名称）。"),
    setting::table("columns").help("Field = header words of its column, separated by commas. Other fields are looked "
                                   "for under their own names.",
                                   "字段 = 表头用词，可写多个，用逗号分隔。未列出的字段按字段名查找。"),
    setting::table("constants")
        .help("Field = what it is in every row, as a clerk would write it.", "字段 = 每行都相同的值，按平常写法填写。"),
    setting::table("values").help("Under the field's name: what the files say = what the dataset wants.",
                                  "字段名下：文件中的写法 = 数据集要求的值。"),
    setting::table("dates").help("Field = ymd, dmy or mdy, where files write dates in another order than year, month, "
                                 "day.",
                                 "字段 = ymd、dmy 或 mdy；日期不按年月日顺序书写时填写。"),
    setting::choice("decimal", decimals)
        .otherwise("auto")
        .help("The decimal sign of numbers; auto: as each number shows it.", "小数点符号；auto 按每个数字的写法判断。"),
    shared::pattern,
    shared::delimiter,
    shared::on_change,
    shared::done,
    shared::settle,
    shared::commit_rows};

constinit const kepu::Descriptor about{{.id = "csv_table",
                                        .version = "1.0.0",
                                        .title = "Tables as CSV files, into any dataset",
                                        .title_zh = "CSV 表格（可填入任一数据集）",
                                        .owner = "Kepu Hub"},
                                       settings};

// What decides how a file is read: a change of it has refused files looked at again.
std::string read_with(const kepu::Settings& given) {
  std::string out = given.text("dataset") + '\n' + given.text("decimal");
  for (const char* table : {"columns", "constants", "values", "dates"}) {
    out += '\n';
    for (const auto& [key, value] : given.table(table))
      out += key + '=' + value + '\n';
  }
  return out;
}

const kepu_dataset& contract_of(const kepu::Host& host, const std::string& id) {
  const auto contracts = host.contracts();
  if (!contracts)
    throw kepu::Ended(kepu::Outcome::bad_config("there is no catalog that says what dataset " + id +
                                                " is; give one (kepu-connector: --catalog)"));
  std::vector<std::string> ids;
  for (const auto* contract : *contracts) {
    if (contract->id == id) return *contract;
    ids.emplace_back(contract->id);
  }
  const auto near = toolkit::by_nearness(id, ids, 1);
  throw kepu::Ended(kepu::Outcome::bad_config("the catalog has no dataset \"" + id + "\"" +
                                              (near.empty() ? "" : ", did you mean \"" + near.front() + "\"?")));
}

class MappedRows : public toolkit::RowReader {
public:
  MappedRows(const Mapping& mapping, toolkit::Zone zone) : mapping_(mapping), zone_(std::move(zone)) {}

  bool read(const toolkit::CsvRow& row, kepu::Rows& rows, toolkit::Refusal& refusal) override {
    for (size_t i = 0; i < mapping_.fields.size(); ++i) {
      const auto& rule = mapping_.fields[i];
      const auto refuse = [&](std::string_view code, const char* message) {
        refusal = {rule.field->name, code, message};
        return false;
      };
      std::string_view text = rule.constant ? std::string_view(*rule.constant) : row[i];
      if (!rule.values.empty()) {
        const auto word = toolkit::plain_word(text);
        const auto value = rule.values.find(word);
        if (value != rule.values.end())
          text = value->second;
        else if (rule.only_these && !word.empty())
          return refuse("unknown_value",
                        "this word is not in [settings.values] of the source; correct it, or add it there");
      }
      auto read = toolkit::read_cell(text, *rule.field, rule.manner, zone_);
      if (!read.ok()) return refuse(read.code, read.advice);
      if (read.cell.type == KEPU_NULL && rule.required)
        return refuse("missing_value", "the field is required and there is nothing in it; fill it in");
      if (rule.constant) read.cell.flags &= static_cast<uint8_t>(~KEPU_REPAIRED); // nobody mended a file
      if (read.cell.type == KEPU_PERIOD)
        rows.period(read.period, read.cell.flags);
      else
        rows.cell(read.cell);
    }
    return true;
  }

private:
  const Mapping& mapping_;
  toolkit::Zone zone_;
};

class CsvTable : public kepu::Connector {
public:
  explicit CsvTable(const kepu::Settings& given)
      : given_(given), options_(toolkit::csv_folder_options(given, read_with(given))) {}

  kepu::Outcome discover(kepu::Host& host) override {
    contract_ = &contract_of(host, given_.text("dataset"));
    std::vector<std::string> problems;
    mapping_ = read_mapping(given_, *contract_, toolkit::zone_of(host), problems);
    if (!problems.empty()) {
      std::string text;
      for (const auto& problem : problems)
        text += (text.empty() ? "" : "; ") + problem;
      return kepu::Outcome::bad_config(text);
    }
    options_.columns = mapping_.columns;
    options_.columns_set_by = "[settings.columns] of the source";
    options_.skip_blank = true; // with constants it would be a row
    options_.whole = std::ranges::none_of(
        mapping_.fields, [](const FieldRule& rule) { return (rule.field->roles & KEPU_ROLE_KEY) != 0; });
    host.declare(*contract_);
    return kepu::Outcome::ok();
  }

  kepu::Outcome run(kepu::Host& host) override {
    MappedRows rows(mapping_, toolkit::zone_of(host));
    return toolkit::run_csv_folder(options_, host, *contract_, rows);
  }

private:
  kepu::Settings given_;
  toolkit::CsvFolderOptions options_;
  const kepu_dataset* contract_ = nullptr; // the host's
  Mapping mapping_;
};

} // namespace

KEPU_CONNECTOR(about, CsvTable)

} // namespace csv_table
