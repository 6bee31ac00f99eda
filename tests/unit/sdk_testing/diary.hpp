// A connector over lists in memory: what a folder of files would be, without the files.
#pragma once

#include <kepu/connector.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace diary {

// One input: rows "key,value"; a row without a comma is bad.
struct File {
  std::string name;
  uint8_t content = 0; // stands for the hash
  std::vector<std::string> rows;
};

inline std::vector<File> files;
inline std::vector<std::string> moved;           // told to the outside world, after wait_durable
inline std::function<void(kepu::Host&)> instead; // runs in place of reading, when set
constexpr size_t rows_per_commit = 2;

inline constinit const kepu::Dataset entries{"entries",
                                             1,
                                             kepu::field::text("key").key().required(),
                                             kepu::field::decimal("value", 1).measure(),
                                             kepu::field::date("day").time(),
                                             kepu::field::text("who").person("account:diary")};
inline constinit const kepu::Datasets datasets{entries};
inline constinit const kepu::SettingSpecs settings{
    kepu::setting::text("greeting").otherwise("hello").help("What to log."),
    kepu::setting::duration("wait").help("A setting that may be absent.")};
inline constinit const kepu::Descriptor about{
    {.id = "diary", .version = "1.0.0", .title = "Diary", .owner = "Tests"}, settings, datasets};

class Diary : public kepu::Connector {
public:
  explicit Diary(const kepu::Settings& given) : greeting_(given.text("greeting")) {
    if (greeting_ == "refuse") throw kepu::Ended(kepu::Outcome::bad_config("the greeting is refused"));
    if (greeting_ == "throw") throw std::runtime_error("thrown");
    if (greeting_ == "absent") given.duration("wait");
    if (greeting_ == "mistyped") given.integer("greeting");
  }

  kepu::Outcome run(kepu::Host& host) override {
    host.info(greeting_);
    if (instead) {
      instead(host);
      return kepu::Outcome::ok();
    }
    uint64_t done = 0;
    for (const File& file : files) {
      const auto answer = host.begin_input(file.name, file.rows.size(), {file.content});
      if (!answer.open()) continue;
      read(host, file, answer.decision == KEPU_RESUME ? std::stoul(host.cursor()) : 0);
      host.end_input();
      const auto part = host.commit("");
      if (!host.range()) {
        host.wait_durable(part);
        moved.push_back(file.name);
      }
      host.progress(++done, files.size());
    }
    return kepu::Outcome::ok();
  }

private:
  void read(kepu::Host& host, const File& file, size_t from) {
    kepu::Rows& rows = host.rows(entries);
    for (size_t i = from; i < file.rows.size(); ++i) {
      const std::string& line = file.rows[i];
      const size_t comma = line.find(',');
      if (comma == line.npos) {
        host.reject(i + 2, "value", "no_value", "the row has no comma; add one");
      } else {
        rows.row(i + 2).text(line.substr(0, comma)).decimal(std::stol(line.substr(comma + 1)));
        rows.date(int64_t{20000} + file.content).text("someone");
      }
      if ((i + 1) % rows_per_commit == 0 && i + 1 < file.rows.size()) host.commit(std::to_string(i + 1));
    }
  }

  std::string greeting_;
};

inline void reset() {
  files.clear();
  moved.clear();
  instead = nullptr;
}

} // namespace diary
