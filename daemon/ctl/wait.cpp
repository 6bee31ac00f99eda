#include "ctl/wait.hpp"

#include "base/percent.hpp"
#include "ctl/json.hpp"
#include "ctl/progress.hpp"

#include <ostream>
#include <thread>

namespace kepu::ctl {
namespace {

// So many looks at a source at rest mean that nothing will come of the command: it was taken long ago.
constexpr int looks_at_rest = 10;
constexpr int looks_when_held = 3; // the same for `resume`, which is taken or not, and waits for no run

bool at_work(const std::string& state) { return state == "starting" || state == "running" || state == "stopping"; }

// A line that is drawn over and taken away in the end.
class Line {
public:
  explicit Line(const Console& console) : console_(console) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() {
    if (drawn_) console_.err << "\r\x1b[K" << std::flush;
  }
  void draw(const std::string& text) {
    if (!console_.err_is_terminal) return;
    console_.err << "\r\x1b[K" << text << std::flush;
    drawn_ = true;
  }

private:
  const Console& console_;
  bool drawn_ = false;
};

} // namespace

Following follow(const Client& client, const std::string& source, uint64_t before, const Console& console) {
  const auto began = std::chrono::steady_clock::now();
  Line line(console);
  bool worked = false;
  for (int rested = 0;;) {
    auto answer = client.get("/api/v1/sources/" + percent_encoded(source));
    if (!answer) return answer.error();
    if (!answer->ok()) return std::move(*answer);
    const auto body = object_in(answer->body);
    const auto* state = body ? object(*body, "data") : nullptr;
    if (!state) return std::move(*answer);
    const auto* last = object(*state, "last_run");
    if (last && number(*last, "run") > before && !text(*last, "ended").empty())
      return Followed{Followed::End::ended, std::move(answer->body)};
    const auto phase = text(*state, "state");
    if (phase == "running" && text(*state, "mode") == "streaming")
      return Followed{Followed::End::streaming, std::move(answer->body)};
    const bool works = at_work(phase);
    worked = worked || works;
    rested = works ? 0 : rested + 1;
    // The record of a run may follow the state by a moment: one look at rest is not enough.
    if (rested > (worked ? 1 : looks_at_rest)) return Followed{Followed::End::not_begun, std::move(answer->body)};
    const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
    line.draw(progress_line(source, {phase, number(*state, "progress_done"), number(*state, "progress_total"), elapsed},
                            console.columns - 1));
    std::this_thread::sleep_for(console.pace);
  }
}

Result<Answer> follow_job(const Client& client, uint64_t job, const Console& console) {
  const auto began = std::chrono::steady_clock::now();
  Line line(console);
  for (;;) {
    auto answer = client.get("/api/v1/jobs/" + std::to_string(job));
    if (!answer || !answer->ok()) return answer;
    const auto body = object_in(answer->body);
    const auto* status = body ? object(*body, "data") : nullptr;
    const auto state = status ? text(*status, "state") : std::string();
    if (state != "queued" && state != "running") return answer;
    const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
    const auto phase = state == "queued" ? sentence(*status, console.chinese) : state;
    line.draw(progress_line(text(*status, "what"), {phase, number(*status, "done"), number(*status, "total"), elapsed},
                            console.columns - 1));
    std::this_thread::sleep_for(console.pace);
  }
}

bool is_held(const boost::json::object& source) {
  const auto state = text(source, "state");
  return is_true(source, "paused") || state == "stopped" || state == "quarantined";
}

Result<Answer> settled(const Client& client, const std::string& source, const Console& console) {
  for (int held = 0;;) {
    auto answer = client.get("/api/v1/sources/" + percent_encoded(source));
    if (!answer || !answer->ok()) return answer;
    const auto body = object_in(answer->body);
    const auto* state = body ? object(*body, "data") : nullptr;
    const auto phase = state ? text(*state, "state") : std::string();
    const bool moves = phase == "starting" || phase == "stopping"; // a refusal comes by way of stopping
    if (!state || (!moves && (!is_held(*state) || ++held == looks_when_held))) return answer;
    std::this_thread::sleep_for(console.pace);
  }
}

} // namespace kepu::ctl
