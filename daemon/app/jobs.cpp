#include "app/jobs.hpp"

#include <algorithm>

namespace kepu::app {
namespace {

// Jobs that wait or go on: more than one operator asks for, few enough to look through.
constexpr size_t most_waiting = 100;
// Ended jobs that are still told about.
constexpr size_t most_ended = 50;

bool has_ended(const http::JobStatus& status) { return status.ended.has_value(); }

const JobPlan::Sentences cut_off{"The hub ended before this was done. Ask for it again.",
                                 "数据中心在完成之前停止，请重新提出。"};

void tell(http::JobStatus& status, JobPlan::Sentences sentences) {
  status.sentence = std::move(sentences.english);
  status.sentence_zh = std::move(sentences.chinese);
}

} // namespace

Result<http::JobStatus> Jobs::ask(JobPlan plan) {
  return state_.with([&](State& state) -> Result<http::JobStatus> {
    if (state.ending) return fail("shutting_down", "the hub is stopping");
    size_t waiting = 0;
    for (const auto& job : state.all) {
      if (has_ended(job.status)) continue;
      if (job.status.kind == plan.kind && job.status.what == plan.what && plan.is_told_by_words) return job.status;
      ++waiting;
    }
    if (waiting >= most_waiting)
      return fail("too_many_jobs", std::to_string(waiting) + " jobs wait already; ask when some have ended");
    Job job;
    job.status.id = ++state.last_id;
    job.status.kind = plan.kind;
    job.status.what = plan.what;
    job.status.state = "queued";
    job.status.asked = clock_.now();
    tell(job.status, {"It waits for its turn.", "正在排队。"});
    job.plan = std::move(plan);
    state.all.push_back(std::move(job));
    while (state.all.size() > waiting + 1 + most_ended)
      state.all.erase(std::ranges::find_if(state.all, [](const Job& one) { return has_ended(one.status); }));
    return state.all.back().status;
  });
}

std::vector<http::JobStatus> Jobs::list() const {
  return state_.with([](const State& state) {
    std::vector<http::JobStatus> out;
    for (auto job = state.all.rbegin(); job != state.all.rend(); ++job)
      out.push_back(job->status);
    return out;
  });
}

void Jobs::end(const char* how, JobPlan::Sentences sentences, store::Work::Outcome outcome) {
  work_.reset();
  held_.clear();
  state_.with([&](State& state) {
    auto& job = *std::ranges::find(state.all, going_on_, [](const Job& one) { return one.status.id; });
    job.status.state = how;
    job.status.ended = clock_.now();
    job.status.verified = std::move(outcome.verified);
    job.status.erased = outcome.erased;
    job.status.compacted = outcome.compacted;
    tell(job.status, std::move(sentences));
    job.plan = {};
  });
  going_on_ = 0;
}

bool Jobs::begin_next(const OpenRun& is_open) {
  while (going_on_ == 0) {
    decltype(JobPlan::begin) begin;
    state_.with([&](State& state) {
      for (auto& job : state.all) {
        if (state.ending || has_ended(job.status)) continue;
        if (!job.plan.source.empty() && is_open(job.plan.source)) {
          if (job.plan.source == every_source) {
            tell(job.status, {"It waits until the runs that are going on have ended; kepuctl pause ends one sooner.",
                              "等待正在进行的运行结束；kepuctl pause 可提前结束。"});
            continue;
          }
          tell(job.status, {"It waits until the run of " + job.plan.source +
                                " that is going on has ended; kepuctl pause " + job.plan.source + " ends it sooner.",
                            "等待数据源" + job.plan.source + "正在进行的运行结束；kepuctl pause " + job.plan.source +
                                "可提前结束。"});
          continue;
        }
        job.status.state = "running";
        tell(job.status, {"It is going on.", "正在进行。"});
        going_on_ = job.status.id;
        held_ = job.plan.source;
        begin = job.plan.begin;
        return;
      }
    });
    if (going_on_ == 0) return false;
    auto begun = begin();
    if (begun) {
      work_ = std::move(*begun);
    } else {
      end("failed", {begun.error().text, "未能完成：" + begun.error().text});
    }
  }
  return true;
}

bool Jobs::step() {
  if (state_.with([](const State& state) { return state.ending; })) {
    end("failed", cut_off);
    return true;
  }
  const auto last = work_->step();
  if (!last) {
    end("failed", {last.error().text, "未能完成：" + last.error().text});
    return true;
  }
  const auto progress = work_->progress();
  decltype(JobPlan::done) done;
  state_.with([&](State& state) {
    auto& job = *std::ranges::find(state.all, going_on_, [](const Job& one) { return one.status.id; });
    job.status.done = progress.done;
    job.status.total = progress.total;
    done = job.plan.done;
  });
  if (*last) {
    auto outcome = work_->outcome();
    auto sentences = done(outcome);
    end("done", std::move(sentences), std::move(outcome));
  }
  return *last;
}

void Jobs::end_all() {
  state_.with([&](State& state) {
    state.ending = true;
    for (auto& job : state.all) {
      if (job.status.state != "queued") continue;
      job.status.state = "failed";
      job.status.ended = clock_.now();
      tell(job.status, cut_off);
      job.plan = {};
    }
  });
}

} // namespace kepu::app
