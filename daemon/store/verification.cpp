#include "store/verification.hpp"

#include "store/contents.hpp"
#include "store/month.hpp"
#include "store/recount.hpp"
#include "store/sums.hpp"

#include <algorithm>

namespace kepu::store {
namespace {

// Enough to see what kind of damage it is; the counts tell how much there is.
constexpr size_t most_findings = 20;

std::string decimal(__int128 value, int scale) {
  std::string digits;
  auto rest = value < 0 ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  for (int i = 0; rest != 0 || i <= scale; ++i, rest /= 10) {
    if (scale != 0 && i == scale) digits += '.';
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
  }
  if (value < 0) digits += '-';
  std::ranges::reverse(digits);
  return digits;
}

struct Words {
  std::string english;
  std::string chinese;
};

// "3", of sums "12.50 from 3 facts"; with its flagged facts where the other differs in them.
Words told(const measure::ChunkDay& day, const measure::ChunkDay& other, bool is_sum, int scale) {
  const auto n = std::to_string(day.n);
  Words out{n, n};
  if (is_sum) {
    out.english = decimal(day.sum, scale) + " from " + n + (day.n == 1 ? " fact" : " facts");
    out.chinese = decimal(day.sum, scale) + "（" + n + "条记录）";
  }
  const auto flag = [&](int64_t count, int64_t others, const char* english, const char* chinese) {
    if (count == others) return;
    out.english += ", " + std::to_string(count) + english;
    out.chinese += "，" + std::to_string(count) + chinese;
  };
  flag(day.approximate, other.approximate, " approximate", "条约数");
  flag(day.repaired, other.repaired, " repaired", "条经修正");
  flag(day.provisional, other.provisional, " provisional", "条暂定");
  return out;
}

class Verification final : public Work {
public:
  explicit Verification(Core& core)
      : core_(core), contents_(core, [this](const std::string& english, const std::string& chinese) {
          tell_lost(english, chinese);
        }) {
    pieces_ = contents_.pieces();
    progress_.total = pieces_ + months_of(core).size();
  }

  Result<bool> step() override {
    try {
      return look();
    } catch (const SqlError& error) {
      return error.error();
    }
  }

  Progress progress() const override { return progress_; }

  Outcome outcome() const override {
    Outcome out;
    out.verified = found_;
    return out;
  }

private:
  bool look() {
    switch (at_) {
    case At::contents:
      if (!contents_.step()) at_ = At::names;
      found_.contents = contents_.read();
      progress_.done = std::min(contents_.read(), pieces_);
      return false;
    case At::names:
      look_at_names();
      // Parts may have brought more since.
      months_ = months_of(core_);
      progress_ = {pieces_, pieces_ + months_.size()};
      at_ = At::months;
      return months_.empty();
    case At::months:
      look_at(*months_.begin());
      months_.erase(months_.begin());
      ++progress_.done;
      break;
    }
    return months_.empty();
  }

  void tell(std::string english, std::string chinese) {
    if (found_.findings.size() < most_findings) found_.findings.push_back({std::move(english), std::move(chinese)});
  }

  void tell_lost(const std::string& english, const std::string& chinese) {
    ++found_.lost;
    tell(english + "; restore the store from a backup", chinese + "；请从备份恢复存储");
  }

  void look_at_names() {
    for (const auto& [id, figures] : core_.figures) {
      for (const auto& figure : figures) {
        const auto& indicator = figure->indicator();
        {
          const auto fingerprint = measure::fingerprint(*core_.catalog, indicator, *core_.zone);
          auto row = core_.db.query("SELECT fingerprint,sum FROM definitions WHERE indicator=? AND def_seq=?");
          row.bind(1, indicator.id).bind(2, static_cast<int64_t>(figure->definition()));
          if (!row.step() || row.blob(0) != fingerprint || row.integer(1) != sum_of(fingerprint)) {
            ++found_.damaged;
            tell("the store's note of how " + indicator.id + " is defined is damaged",
                 indicator.id + "的定义记录已损坏");
          }
        }
        for (const auto& series : series_of(core_, *figure)) {
          if (!series.is_damaged) continue;
          const Words what{"the name of a series of " + indicator.id + " is damaged",
                           indicator.id + "的一个序列名称已损坏"};
          if (core_.ledger.horizon(series.source, core_.datasets.at(id)->name)) {
            tell_lost(what.english + ", and some of its facts were given up", what.chinese + "，且部分记录已清除");
          } else {
            ++found_.damaged;
            tell(what.english, what.chinese);
          }
        }
      }
    }
  }

  void look_at(const Month& month) {
    try {
      const auto compared = compare(core_, month);
      ++found_.months;
      found_.figures += compared.figures;
      for (const auto& difference : compared.differences)
        tell(difference);
    } catch (const SqlError& error) {
      if (error.error().code != "damaged") throw;
      const auto text = model::period_of(month.first, model::Freq::month).text();
      const auto& dataset = month.dataset->name;
      tell("figures of " + text + " from " + dataset + " could not be compared: " + error.error().text,
           dataset + "在" + text + "的数值无法核对：" + error.error().text);
    }
  }

  // "visits of gates, way=in, 2025-01-03"
  Words name_of(const Difference& difference, const std::string& when) {
    std::string source;
    {
      auto row = core_.db.query("SELECT id FROM sources WHERE source=?");
      if (row.bind(1, difference.source).step()) source = row.text(0);
    }
    const auto& indicator = difference.figure->indicator();
    std::string dims;
    if (const auto codes = decode_dims(difference.dims, sum_of(difference.dims))) {
      for (size_t i = 0; i < std::min(codes->codes.size(), indicator.by.size()); ++i)
        dims += (i == 0 ? "" : " ") + indicator.by[i] + "=" + codes->codes[i];
    }
    return {indicator.id + " of " + source + (dims.empty() ? "" : ", " + dims) + ", " + when,
            indicator.id + "，数据源" + source + (dims.empty() ? "" : "，" + dims) + "，" + when};
  }

  static std::string day_of(const Difference& difference, model::Day day) {
    const auto dims = decode_dims(difference.dims, sum_of(difference.dims));
    return model::period_of(day, dims ? dims->freq : model::Freq::day).text();
  }

  void tell(const Difference& difference) {
    if (difference.is_damaged) {
      const auto when = difference.is_set ? day_of(difference, difference.day)
                                          : model::period_of(difference.day, model::Freq::month).text();
      const auto name = name_of(difference, when);
      const Words what{name.english + ": what is kept is damaged", name.chinese + "：已存内容损坏"};
      if (difference.is_lost)
        return tell_lost(what.english + ", and its facts were given up", what.chinese + "，且记录已清除");
      ++found_.damaged;
      return tell(what.english, what.chinese);
    }
    if (difference.is_set) {
      ++found_.differing;
      const auto name = name_of(difference, day_of(difference, difference.day));
      const auto kept = std::to_string(difference.kept_values.size());
      const auto given = std::to_string(difference.given_values.size());
      const bool others = kept == given;
      return tell(name.english + ": kept " + kept + " distinct, facts give " + given + (others ? ", not the same" : ""),
                  name.chinese + "：已存" + kept + "个不同值，按记录为" + given + "个" + (others ? "，但不相同" : ""));
    }
    tell_days(difference);
  }

  void tell_days(const Difference& difference) {
    const auto& indicator = difference.figure->indicator();
    const bool is_sum = indicator.measure == model::Measure::sum;
    const int scale = scale_of(*core_.catalog, indicator);
    std::map<model::Day, std::pair<measure::ChunkDay, measure::ChunkDay>> days; // kept, given
    for (const auto& day : difference.kept)
      days[day.day].first = day;
    for (const auto& day : difference.given)
      days[day.day].second = day;
    for (const auto& [day, both] : days) {
      if (same_figures(both.first, both.second)) continue;
      ++found_.differing;
      const auto name = name_of(difference, day_of(difference, day));
      const auto kept = told(both.first, both.second, is_sum, scale);
      const auto given = told(both.second, both.first, is_sum, scale);
      tell(name.english + ": kept " + kept.english + ", facts give " + given.english,
           name.chinese + "：已存" + kept.chinese + "，按记录为" + given.chinese);
    }
  }

  Core& core_;
  Verified found_;
  Contents contents_;
  uint64_t pieces_ = 0;
  enum class At : uint8_t { contents, names, months } at_ = At::contents;
  std::set<Month> months_; // still to be looked at
  Progress progress_;
};

} // namespace

Result<std::unique_ptr<Work>> make_verification(Core& core) {
  try {
    return std::make_unique<Verification>(core);
  } catch (const SqlError& error) {
    return error.error();
  }
}

} // namespace kepu::store
