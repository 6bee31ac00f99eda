// Whatever byte of the store is lost, an answer is the right one or says that something is damaged and what to do.
#include "fixture.hpp"

#include <gmock/gmock.h>

namespace kepu::store {
namespace {

using namespace test;
using testing::AnyOf;
using testing::HasSubstr;

// One stored blob.
struct Place {
  std::string table;
  std::string column;
  std::string key; // as SQL tells it
  std::string key_of_row;
  std::string text() const { return table + "." + column + " of " + key; }
};

struct Harm {
  const char* name;
  std::string (*of)(std::string blob);
};
std::string flipped(std::string blob, size_t at) {
  if (!blob.empty()) blob[at] = static_cast<char>(blob[at] ^ 0x55);
  return blob;
}
constexpr Harm harms[] = {
    {"first byte", [](std::string blob) { return flipped(blob, 0); }},
    {"middle byte", [](std::string blob) { return flipped(blob, blob.size() / 2); }},
    {"last byte", [](std::string blob) { return flipped(blob, blob.empty() ? 0 : blob.size() - 1); }},
    {"cut", [](std::string blob) { return blob.substr(0, blob.size() / 2); }},
    {"emptied", [](std::string) { return std::string(); }},
};

using Answers = std::map<std::string, std::string>; // by question

// Right, or damaged and saying what mends it.
bool is_told_as_damaged(const Error& error) {
  return error.code == "damaged" &&
         (error.text.find("kepuctl rebuild") != error.text.npos || error.text.find("backup") != error.text.npos);
}

class Damage : public Store {
protected:
  // A store that holds something in every table with blobs.
  void SetUp() override {
    Store::SetUp();
    begin_run();
    take("january", 1, {{"a", "in", 0, 1}, {"b", "in", 0, 2}, {"c", "in", 40, 2}, {"d", "out", 41, 3}});
    take("again", 2, {{"b", "in", 0, 2}, {"e", "out", 3, 4}});
    ASSERT_TRUE(part_->retract("passages", columns({{"d", "out", 41, 3}})));
    commit();
    ASSERT_TRUE(part_->retract("passages", columns({{"d", "out", 41, 3}})));
    commit();
    end_run();
    begin_run("other");
    take("file", 3, {{"a", "in", 1, 7}, {"b", "in", 5, 7}});
    replace("file", 4, {{"a", "in", 2, 7}, {"b", "in", 5, 7}});
    end_run();
    earlier_ = clock_.now();
    clock_.advance(std::chrono::hours(1));
    load(catalog({"in", "out"}));
    clock_.advance(std::chrono::hours(1));
    begin_run();
    put({{"f", "in", 4, 9}});
    commit("bookmark");
    end_run();
    writer_->tidy(); // which writes the index of keys
    close();
    sound_ = folder_ / "sound.db";
    fs::copy_file(file(), sound_);
  }
  void close() {
    part_.reset();
    writer_.reset();
  }
  void load(const std::shared_ptr<const model::Catalog>& catalog) {
    ASSERT_TRUE(writer_->load_catalog(catalog, zone_));
  }
  // nullopt: open, under the catalog that the store was written with.
  std::optional<Error> try_to_open() {
    Options options;
    options.file = file();
    options.clock = &clock_;
    auto opened = Writer::open(options);
    if (!opened) return opened.error();
    writer_ = std::move(*opened);
    const auto loaded = writer_->load_catalog(catalog({"in", "out"}), zone_);
    return loaded ? std::nullopt : std::optional(loaded.error());
  }
  void restore() {
    close();
    for (const char* more : {"-wal", "-shm"})
      fs::remove(file().string() + more);
    fs::copy_file(sound_, file(), fs::copy_options::overwrite_existing);
  }

  std::vector<Place> places() {
    Db db(file(), Db::Mode::write);
    std::map<std::pair<std::string, std::string>, std::string> columns; // with the key of a row
    {
      auto row = db.query("SELECT t.name,c.name,(SELECT group_concat('quote('||name||')','||'',''||') FROM "
                          "pragma_table_info(t.name) WHERE pk>0) FROM sqlite_schema t, pragma_table_info(t.name) c "
                          "WHERE t.type='table' AND c.type='BLOB'");
      while (row.step())
        columns[{row.text(0), row.text(1)}] = row.text(2);
    }
    std::vector<Place> out;
    for (const auto& [column, key] : columns) {
      const auto sql =
          "SELECT " + key + " FROM " + column.first + " WHERE " + column.second + " IS NOT NULL ORDER BY 1";
      std::vector<std::string> keys;
      for (auto row = db.query(sql.c_str()); row.step();)
        keys.push_back(row.text(0));
      EXPECT_FALSE(keys.empty()) << column.first << " holds nothing that could be harmed";
      for (size_t i = 0; i < keys.size(); ++i) {
        if (i == 0 || i == keys.size() / 2 || i + 1 == keys.size())
          out.push_back({column.first, column.second, keys[i], key});
      }
    }
    return out;
  }
  // false: it was like this before.
  bool harm(const Place& place, const Harm& harm) {
    Db db(file(), Db::Mode::write);
    std::string blob;
    {
      const auto sql =
          "SELECT CAST(" + place.column + " AS BLOB) FROM " + place.table + " WHERE " + place.key_of_row + "=?";
      auto row = db.query(sql.c_str());
      if (!row.bind(1, place.key).step()) throw std::runtime_error(place.text() + " is not there");
      blob = row.blob(0);
    }
    const auto after = harm.of(blob);
    const auto sql = "UPDATE " + place.table + " SET " + place.column + "=? WHERE " + place.key_of_row + "=?";
    db.query(sql.c_str()).bind_blob(1, after).bind(2, place.key).run();
    return after != blob;
  }

  // Every question, now and at an earlier moment.
  Answers ask() {
    Answers out;
    auto opened = ReaderSource(file()).open();
    if (!opened) throw std::runtime_error(opened.error().text);
    auto& reader = **opened;
    const auto note = [&](const std::string& question, const auto& result, auto&& tell) {
      if (!result && !is_told_as_damaged(result.error()))
        ADD_FAILURE() << question << ": " << result.error().code << ": " << result.error().text;
      out[question] = result ? tell(*result) : "damaged";
    };
    for (const bool now : {true, false}) {
      const std::string when = now ? " now" : " earlier";
      const auto begun = now ? reader.begin() : reader.begin_at(earlier_);
      note("begin" + when, begun, [](const CommitInfo&) { return std::string("begun"); });
      if (begun) ask_at(reader, when, note);
      reader.end();
    }
    return out;
  }
  template <class Note> void ask_at(Reader& reader, const std::string& when, Note&& note) {
    note("zone" + when, reader.zone(), [](const auto& zone) { return zone ? std::string(zone->name()) : ""; });
    for (const std::string indicator : {"visits", "visitors"}) {
      const auto question = [&](const char* what) { return what + (" of " + indicator) + when; };
      const auto series = reader.series(indicator);
      std::vector<uint32_t> ids;
      std::vector<std::string> names;
      if (series) {
        for (const auto& one : *series) {
          ids.push_back(one.id);
          names.push_back(one.source + "/" + one.dims.at(0) + " ");
        }
      }
      note(question("series"), series, [&](const auto&) {
        auto sorted = names;
        std::ranges::sort(sorted);
        std::string text;
        for (const auto& name : sorted)
          text += name;
        return text;
      });
      const auto first = model::day_of(2025, 1, 1);
      std::multiset<std::string> lines;
      const auto told = [&](const auto&...) {
        std::string text;
        for (const auto& line : lines)
          text += line + "\n";
        lines.clear();
        return text;
      };
      const auto figures = [&](const char* what, const Result<void>& result) {
        note(question(what), result ? Result<bool>(true) : Result<bool>(result.error()), told);
        lines.clear();
      };
      if (series) {
        figures("cells", reader.cells(ids, first - 9, first + 99, [&](size_t i, const DayCell& cell) {
          lines.insert(names[i] + std::to_string(cell.day - first) + ": " + std::to_string(cell.n));
        }));
        if (indicator == "visitors")
          figures("sets", reader.sets(ids, first - 9, first + 99, [&](size_t i, model::Day day, auto values) {
            lines.insert(names[i] + std::to_string(day - first) + ": " + std::to_string(values.size()));
          }));
      }
      note(question("extent"), reader.extent(indicator), [&](const auto& extent) {
        return extent ? std::to_string(extent->first) + "-" + std::to_string(extent->second) : std::string();
      });
      FigureAsk ask;
      ask.indicator = indicator;
      ask.first = first - 9;
      ask.last = first + 99;
      ask.choose = [](const auto&, const auto&, const auto& all) { return std::vector<bool>(all.size(), true); };
      note(question("history"), reader.history(ask, 0, 100), [](const FigureStates& states) {
        std::string text;
        for (const auto& state : states.states)
          text += std::to_string(state.n) + "=" + std::to_string(static_cast<int64_t>(state.value)) + " ";
        return text;
      });
      note(question("facts"),
           reader.counted_facts(ask, {},
                                [&](const CountedFact& fact) {
                                  lines.insert(std::to_string(fact.fact) + " " + fact.key + " " + fact.dims.at(0));
                                  return true;
                                }),
           told);
    }
  }
  static void expect_right(const Answers& answers, const Answers& right, const std::string& what) {
    for (const auto& [question, answer] : answers) {
      const auto known = right.find(question);
      ASSERT_NE(known, right.end()) << question << what;
      EXPECT_THAT(answer, AnyOf(known->second, std::string("damaged"))) << question << what;
    }
  }

  // A part that repeats, changes, brings and retracts, from an input.
  Result<void> ingest() {
    const auto begun = writer_->begin_run({"gates", "c", "1", "", clock_.now()});
    if (!begun) return begun.error();
    run_ = *begun;
    part_ = writer_->open_part(run_);
    const auto done = [&]() -> Result<void> {
      InputAsk input{"january", 10, {}};
      input.content_hash[0] = 9;
      if (auto answer = part_->begin_input(input); !answer) return answer.error();
      auto facts = columns({{"a", "in", 7, 1}, {"b", "in", 0, 2}, {"g", "out", 8, 5}});
      if (auto put = part_->put("passages", facts); !put) return put;
      if (auto gone = part_->retract("passages", columns({{"c", "in", 40, 2}})); !gone) return gone;
      if (auto ended = part_->end_input(); !ended) return ended;
      if (auto committed = part_->commit("next"); !committed) return committed.error();
      return {};
    }();
    part_.reset();
    if (auto ended = writer_->end_run(run_, done ? "ok" : "retry", "", clock_.now()); !ended) return ended;
    return done;
  }

  Instant earlier_{};
  fs::path sound_;
};

TEST_F(Damage, OfAnyBlobNeverGivesAWrongAnswer) {
  const auto all = places();
  ASSERT_FALSE(try_to_open());
  const auto right = ask();
  ASSERT_TRUE(ingest());
  const auto right_after = ask();
  EXPECT_NE(right, right_after);
  for (const auto& [question, answer] : right_after)
    EXPECT_NE(answer, "damaged") << question;
  for (const auto& place : all) {
    for (const auto& harm_done : harms) {
      const auto what = " (" + place.text() + ": " + harm_done.name + ")";
      SCOPED_TRACE(what);
      restore();
      if (!harm(place, harm_done)) continue;
      if (const auto error = try_to_open()) {
        EXPECT_TRUE(is_told_as_damaged(*error)) << error->code << ": " << error->text;
        continue;
      }
      expect_right(ask(), right, what);
      const auto found = to_end(writer_->verify()).verified.value();
      // Hashes of inputs and notes of the daemon decide what is read again, and no figure; definitions were mended as
      // the catalog was loaded.
      const bool has_sum = place.table != "inputs" && place.table != "meta" && place.table != "definitions";
      EXPECT_TRUE(!has_sum || !found.agrees());
      const auto cursor = writer_->cursor("gates");
      EXPECT_TRUE(cursor ? *cursor == "bookmark" : is_told_as_damaged(cursor.error()));
      const auto ingested = ingest();
      EXPECT_TRUE(ingested || is_told_as_damaged(ingested.error())) << ingested.error().text;
      expect_right(ask(), ingested ? right_after : right, what);
      if (found.lost != 0 || (!ingested && !has_sum)) continue;
      to_end(writer_->rebuild());
      EXPECT_TRUE(ingested || ingest());
      EXPECT_EQ(ask(), right_after);
      EXPECT_TRUE(to_end(writer_->verify()).verified->agrees());
    }
  }
}

TEST_F(Damage, OfAFilterOfKeysLetsNoRowInTwice) {
  ASSERT_FALSE(try_to_open());
  begin_run();
  std::vector<Row> rows;
  for (int i = 0; i < 270'000; ++i) // more than gather before they are spread
    rows.push_back({"k" + std::to_string(i), "in", 0, 0});
  put(rows);
  commit();
  end_run();
  close();
  Db(file(), Db::Mode::write).exec("UPDATE keyseg SET filter=zeroblob(length(filter)) WHERE length(filter)>0");
  ASSERT_FALSE(try_to_open());
  begin_run();
  auto facts = columns({{"k5", "in", 0, 0}});
  const auto done = part_->put("passages", facts);
  const auto committed = done ? part_->commit("") : Result<CommitInfo>(done.error());
  ASSERT_FALSE(committed);
  EXPECT_TRUE(is_told_as_damaged(committed.error())) << committed.error().text;
  part_.reset();
  EXPECT_GT(to_end(writer_->verify()).verified->lost, 0u);
}

} // namespace
} // namespace kepu::store
