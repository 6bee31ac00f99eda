#include "app/daemon_control.hpp"

#include "app/app.hpp"
#include "app/log.hpp"
#include "app/reload.hpp"

namespace kepu::app {
namespace {

JobPlan::Sentences withdrawn(const std::string& english, const std::string& chinese,
                             const store::Work::Outcome& outcome) {
  const auto removed = std::to_string(outcome.removed);
  const auto restored = std::to_string(outcome.restored);
  const auto commit = std::to_string(outcome.commit.seq);
  return {english + " is withdrawn by commit " + commit + ": " + removed +
              (outcome.removed == 1 ? " fact is" : " facts are") + " out, " + restored +
              (outcome.restored == 1 ? " is back." : " are back."),
          chinese + "已由提交" + commit + "撤回：移出" + removed + "条记录，恢复" + restored + "条。"};
}

std::string counted(uint64_t n, const char* one, const char* more) { return std::to_string(n) + (n == 1 ? one : more); }

JobPlan::Sentences verified(const store::Verified& found) {
  const auto figures = std::to_string(found.figures);
  const auto contents = std::to_string(found.contents);
  if (found.agrees()) {
    return {"All " + figures + " kept figures agree with the facts, and nothing of " +
                counted(found.contents, " stored piece", " stored pieces") + " is damaged.",
            "全部" + figures + "项已存数值与记录一致，" + contents + "项存储内容均无损坏。"};
  }
  JobPlan::Sentences out;
  if (found.differing + found.damaged != 0) {
    out.english = "Of " + figures + " kept figures " + counted(found.differing, " differs", " differ") +
                  " from the facts, and " + counted(found.damaged, " is", " are") +
                  " damaged; kepuctl rebuild makes them anew.";
    out.chinese = figures + "项已存数值中有" + std::to_string(found.differing) + "项与记录不符，" +
                  std::to_string(found.damaged) + "项损坏；请用kepuctl rebuild重新计算。";
  }
  if (found.lost != 0) {
    out.english += std::string(out.english.empty() ? "" : " ") + "Of " + contents + " stored pieces " +
                   counted(found.lost, " is", " are") + " damaged or lacking; restore the store from a backup.";
    out.chinese += contents + "项存储内容中有" + std::to_string(found.lost) + "项损坏或缺失；请从备份恢复存储。";
  }
  return out;
}

} // namespace

std::vector<http::SourceStatus> DaemonControl::sources() {
  std::vector<http::SourceStatus> out;
  const auto all = supervisor_.snapshot(); // held: kepu-io puts another in its place at any moment
  for (const auto& from : *all) {
    http::SourceStatus to;
    to.id = from.id;
    to.connector = from.connector;
    to.connector_version = from.connector_version;
    to.mode = from.mode;
    to.state = from.state;
    to.paused = from.paused;
    to.sentence = from.sentence;
    to.sentence_zh = from.sentence_zh;
    to.next_run = from.next_run;
    to.crashes = from.crashes;
    to.progress_done = from.progress_done;
    to.progress_total = from.progress_total;
    to.running_since = from.running_since;
    out.push_back(std::move(to));
  }
  return out;
}

Result<store::CommitInfo> DaemonControl::label(std::optional<uint64_t> commit, std::string_view label, bool replace) {
  Result<store::CommitInfo> out = fail("busy", "");
  switch (ingest_.call([&] { out = writer_.label(commit, label, replace); })) {
  case Ingest::Called::done:
    return out;
  case Ingest::Called::stopping:
    return fail("shutting_down", "the hub is stopping; the label was not given");
  case Ingest::Called::late:
    return fail("busy", "the store is busy with other writing; the label was not given");
  }
  return out;
}

Result<void> DaemonControl::run_again(std::string_view source) {
  if (auto may = supervisor_.may_run(source); !may) return may;
  // The run must find neither the old cursor nor the old ledger, so it begins when they are gone.
  ingest_.read_again(std::string(source), [this, id = std::string(source)] { (void)supervisor_.run_now(id); });
  return {};
}

Result<void> DaemonControl::retry(const std::string& source, const std::optional<std::string>& input) {
  if (auto may = supervisor_.may_run(source); !may) return may;
  ingest_.retry(source, input, [this, source] { (void)supervisor_.run_now(source); });
  return {};
}

Result<http::JobStatus> DaemonControl::withdraw_run(uint64_t run, const std::string& source) {
  JobPlan plan;
  plan.kind = "withdraw";
  plan.what = "run " + std::to_string(run);
  plan.source = source;
  plan.begin = [this, run] { return writer_.withdraw_run(run); };
  plan.done = [run, source](const store::Work::Outcome& outcome) {
    const auto number = std::to_string(run);
    return withdrawn("Run " + number + " of " + source, "数据源" + source + "的运行" + number, outcome);
  };
  return ingest_.ask_job(std::move(plan));
}

Result<http::JobStatus> DaemonControl::withdraw_source(const std::string& source) {
  JobPlan plan;
  plan.kind = "withdraw";
  plan.what = "source " + source;
  plan.source = source;
  plan.begin = [this, source] { return writer_.withdraw_source(source); };
  plan.done = [source](const store::Work::Outcome& outcome) {
    return withdrawn("All that " + source + " gave", "数据源" + source + "的全部数据", outcome);
  };
  return ingest_.ask_job(std::move(plan));
}

Result<http::JobStatus> DaemonControl::retention(const std::string& source, model::Day before) {
  const auto day = model::day_text(before);
  JobPlan plan;
  plan.kind = "retention";
  plan.what = source + " before " + day;
  plan.source = source;
  plan.begin = [this, source, before] { return writer_.retention(source, before); };
  plan.done = [source, day](const store::Work::Outcome& outcome) -> JobPlan::Sentences {
    const auto removed = std::to_string(outcome.removed);
    const auto deleted = counted(outcome.removed, " fact was deleted.", " facts were deleted.");
    if (outcome.commit.seq == 0) {
      return {"Nothing of " + source + " from before " + day + " was left to be given up; of earlier retentions " +
                  deleted,
              "数据源" + source + "在" + day + "之前没有需要清除的数据；删除更早的记录" + removed + "条。"};
    }
    return {"Figures of " + source + " from before " + day + " are frozen by commit " +
                std::to_string(outcome.commit.seq) + ": " + deleted,
            "数据源" + source + "在" + day + "之前的数值已由提交" + std::to_string(outcome.commit.seq) +
                "固定：删除记录" + removed + "条。"};
  };
  return ingest_.ask_job(std::move(plan));
}

Result<http::JobStatus> DaemonControl::rebuild() {
  JobPlan plan;
  plan.kind = "rebuild";
  plan.what = "figures";
  plan.begin = [this] { return writer_.rebuild(); };
  plan.done = [](const store::Work::Outcome& outcome) -> JobPlan::Sentences {
    if (outcome.mended == 0)
      return {"Every kept figure agrees with the facts; nothing was changed.", "全部已存数值与记录一致，没有改动。"};
    const auto mended = std::to_string(outcome.mended);
    return {mended + (outcome.mended == 1 ? " kept figure was" : " kept figures were") +
                " damaged or differed from the facts, and made anew.",
            mended + "项已存数值损坏或与记录不符，已重新计算。"};
  };
  return ingest_.ask_job(std::move(plan));
}

Result<http::JobStatus> DaemonControl::verify() {
  JobPlan plan;
  plan.kind = "verify";
  plan.what = "store";
  plan.begin = [this] { return writer_.verify(); };
  plan.done = [](const store::Work::Outcome& outcome) { return verified(*outcome.verified); };
  return ingest_.ask_job(std::move(plan));
}

Result<http::JobStatus> DaemonControl::compact() {
  JobPlan plan;
  plan.kind = "compact";
  plan.what = "store";
  plan.begin = [this] { return writer_.compact(); };
  plan.done = [](const store::Work::Outcome& outcome) -> JobPlan::Sentences {
    const auto& [before, after] = *outcome.compacted;
    const auto megabytes = [](uint64_t bytes) {
      return std::to_string(bytes / 1'000'000) + "." + std::to_string(bytes / 100'000 % 10) + " MB";
    };
    const auto blocks = std::to_string(before.blocks);
    const auto left = std::to_string(after.blocks);
    return {"Facts lie in " + counted(after.blocks, " block", " blocks") + ", before in " + blocks + "; " +
                megabytes(after.bytes) + " of the file are in use, before " + megabytes(before.bytes) +
                ". What became free is used again.",
            "记录现存于" + left + "个数据块（此前" + blocks + "个）；文件中使用" + megabytes(after.bytes) + "（此前" +
                megabytes(before.bytes) + "），空出部分将被再次使用。"};
  };
  return ingest_.ask_job(std::move(plan));
}

Result<http::JobStatus> DaemonControl::reload() {
  JobPlan plan;
  plan.kind = "reload";
  plan.what = "catalog";
  plan.source = every_source;
  plan.begin = [this] {
    return reload_catalog(
        writer_, daemon_, [](const std::string& text) { log(settings::LogLevel::error, "", text); },
        [this](std::shared_ptr<const model::Catalog> catalog) {
          ingest_.catalog_changed();
          supervisor_.use_catalog(std::move(catalog));
          // Some have files to read again; who rests, is paused or quarantined stays so.
          const auto all = supervisor_.snapshot();
          for (const auto& source : *all)
            (void)supervisor_.run_now(source.id);
        });
  };
  plan.done = [](const store::Work::Outcome& outcome) -> JobPlan::Sentences {
    if (outcome.commit.seq == 0) return {"The catalog says what it said before.", "目录没有变化。"};
    const auto commit = std::to_string(outcome.commit.seq);
    return {"The catalog is in force since commit " + commit +
                ", and the sources are run at once. Changes of their files and of the main file are taken at the next "
                "start.",
            "新目录自提交" + commit + "起生效，各数据源随即运行。数据源文件与主配置的改动在下次启动时生效。"};
  };
  return ingest_.ask_job(std::move(plan));
}

// Words of jobs are for everyone who reads: none tells who it was.
Result<http::JobStatus> DaemonControl::erase_person(uint64_t pseudonym, const std::string& key) {
  JobPlan plan;
  plan.kind = "erase";
  plan.what = "a person";
  plan.is_told_by_words = false;
  plan.begin = [this, pseudonym, key] { return writer_.erase_person(pseudonym, key); };
  plan.done = [](const store::Work::Outcome& outcome) -> JobPlan::Sentences {
    if (!outcome.erased->was_held)
      return {"Nothing was held of this person; no figure and no fact was changed.",
              "未存有此人的任何信息，数值与记录均无改动。"};
    const auto commit = std::to_string(outcome.commit.seq);
    const auto facts = outcome.erased->facts;
    return {"The person is erased by commit " + commit +
                ": nothing leads from the number to what is counted any more. " +
                counted(facts, " fact was", " facts were") + " known by it and bear another key; figures stay.",
            "此人已由提交" + commit + "抹除：证件号或账号不再对应任何已计数据；" + std::to_string(facts) +
                "条记录的主键已改写，数值不变。"};
  };
  return ingest_.ask_job(std::move(plan));
}

http::Health DaemonControl::health() {
  if (stopping_) return {false, "the hub is stopping"};
  if (auto trouble = ingest_.trouble(); !trouble.empty()) return {false, trouble};
  return {true, ""};
}

std::vector<http::Metric> DaemonControl::metrics() {
  std::vector<http::Metric> out;
  const auto gauge = [&](const char* name, const char* help, double value,
                         std::vector<std::pair<std::string, std::string>> labels = {}) {
    out.push_back({name, help, "gauge", std::move(labels), value});
  };
  gauge("kepu_build_info", "Version of the daemon.", 1, {{"version", version}});
  gauge("kepu_store_commit", "Number of the last commit.", static_cast<double>(writer_.latest().load()));
  const auto size_of = [&](const char* name) {
    std::error_code error;
    const auto size = std::filesystem::file_size(daemon_.state_dir / name, error);
    return error ? 0.0 : static_cast<double>(size);
  };
  gauge("kepu_store_bytes", "Size of the store's file.", size_of(store_file));
  gauge("kepu_store_log_bytes", "Size of the store's write-ahead log.", size_of("kepu.db-wal"));
  gauge("kepu_ingest_queue_bytes", "Frames of workers that wait for the ingest.",
        static_cast<double>(ingest_.queued_bytes()));
  const auto all = supervisor_.snapshot();
  for (const auto& source : *all) {
    gauge("kepu_source_running", "Whether a run of the source is going on.", source.state == "running" ? 1 : 0,
          {{"source", source.id}});
    gauge("kepu_source_quarantined", "Whether the source is quarantined.", source.state == "quarantined" ? 1 : 0,
          {{"source", source.id}});
    gauge("kepu_source_crashes", "Crashes of the source in the window that quarantine looks at.", source.crashes,
          {{"source", source.id}});
  }
  return out;
}

} // namespace kepu::app
