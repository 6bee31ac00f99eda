#include "supervisor/sentence.hpp"

#include "wire/launch.hpp"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>

namespace kepu::supervisor {
namespace {

struct SignalWords {
  int number;
  const char* name;
  const char* en;
  const char* zh;
};
constexpr SignalWords signal_words[] = {
    {SIGSEGV, "SIGSEGV", "a segmentation fault", "段错误"},
    {SIGABRT, "SIGABRT", "an abort", "异常中止"},
    {SIGBUS, "SIGBUS", "a bus error", "总线错误"},
    {SIGFPE, "SIGFPE", "an arithmetic error", "算术错误"},
    {SIGILL, "SIGILL", "an illegal instruction", "非法指令"},
    {SIGTRAP, "SIGTRAP", "a trap", "陷阱"},
    {SIGSYS, "SIGSYS", "a system call that the fence forbids", "隔离层禁止的系统调用"},
    {SIGKILL, "SIGKILL", "a kill from outside, perhaps for lack of memory", "被外部强制结束，可能是内存不足"},
    {SIGTERM, "SIGTERM", "a request to end from outside", "外部的结束请求"},
    {SIGPIPE, "SIGPIPE", "a write to a closed pipe", "写入已关闭的管道"},
    {SIGXCPU, "SIGXCPU", "the limit of processor time", "处理器时间超限"},
    {SIGXFSZ, "SIGXFSZ", "the limit of file size", "文件大小超限"},
    {SIGALRM, "SIGALRM", "an alarm of its own", "自设的闹钟信号"},
    {SIGHUP, "SIGHUP", "a hang-up from outside", "外部的挂断信号"},
    {SIGINT, "SIGINT", "an interrupt from outside", "外部的中断信号"},
};

// How kepu-worker ends by itself, unless a library took the same code.
struct CodeWords {
  wire::WorkerExit how;
  const char* en;
  const char* zh;
};
constexpr CodeWords code_words[] = {
    {wire::WorkerExit::bad_launch, "it was not started as it expects; install kepud and kepu-worker from one package",
     "启动方式不符；请安装同一版本的 kepud 和 kepu-worker，"},
    {wire::WorkerExit::protocol, "it did not understand kepud; install kepud and kepu-worker from one package",
     "无法理解 kepud 的帧；请安装同一版本的 kepud 和 kepu-worker，"},
    {wire::WorkerExit::orphaned, "it lost its connection", "失去连接"},
    {wire::WorkerExit::fence, "its fence could not be put up", "无法建立隔离层"},
};

// ": text", or nothing.
std::string after_colon(const std::string& text, const char* colon) { return text.empty() ? "" : colon + text; }

// Joins a sentence that may already end in a full stop.
std::string ended(std::string text, std::string_view stop) {
  while (!text.empty() && (text.back() == '.' || text.back() == ' ' || text.back() == '\n'))
    text.pop_back();
  if (text.ends_with("。")) text.resize(text.size() - std::string_view("。").size());
  return text.append(stop);
}

std::string seconds(Timing::Duration d) { return fmt::format("{}", std::chrono::duration<double>(d).count()); }

std::string minutes(Timing::Duration d) {
  return fmt::format("{}", std::chrono::duration_cast<std::chrono::minutes>(d).count());
}

const std::string& library_or(const State& state, const std::string& connector) {
  return state.library.path.empty() ? connector : state.library.path;
}

// What comes next; empty when `what` has said it.
Sentence what_next(const Rules& rules, const State& state, const model::Zone& zone) {
  const auto at = [&] {
    return state.next_run ? zone.text(std::chrono::floor<std::chrono::seconds>(*state.next_run)) : "";
  };
  const auto& library = library_or(state, rules.connector);
  if (state.shutting_down) return {};
  if (state.paused && state.phase != Phase::stopping && state.phase != Phase::quarantined)
    return {"It is paused: resume it to let it run again", "已暂停：恢复后才会再次运行"};
  switch (state.phase) {
  case Phase::stopped:
    switch (state.last.what) {
    case What::disabled:
      return {fmt::format("Set enabled = true in {} and restart kepud to let it run", rules.file),
              fmt::format("如需运行，请在 {} 中设 enabled = true 并重启 kepud", rules.file)};
    case What::nothing_yet:
      return {};
    case What::bad_library:
      return {fmt::format("It stays stopped: install, replace or mend the library {}, which is then tried at once, or "
                          "correct {} and restart kepud",
                          library, rules.file),
              fmt::format("已停止：请安装、更换或修正接入库 {}（随后立即重试），或更正 {} 后重启 kepud", library,
                          rules.file)};
    default: // the file is read at the start only; folders, secrets and the library are looked at each time
      return {fmt::format("It stays stopped: correct {} and restart kepud; if a folder, a secret or the library was at "
                          "fault, mend that and run `kepuctl resume {}`",
                          rules.file, rules.source),
              fmt::format(
                  "已停止：请更正 {} 后重启 kepud；如问题在文件夹、密钥文件或接入库，处理后执行 `kepuctl resume {}`",
                  rules.file, rules.source)};
    }
  case Phase::starting:
    return {"It is being started", "正在启动"};
  case Phase::ready:
    if (state.next_run) return {"The next run is at " + at(), "下次运行时间 " + at()};
    if (state.streaming) return {};
    if (std::holds_alternative<ByCalendar>(rules.schedule))
      return {fmt::format("Its cron expression has no next moment: correct it in {}", rules.file),
              fmt::format("其 cron 表达式没有下一个时刻：请在 {} 中更正", rules.file)};
    return {"It runs on demand: `kepuctl run " + rules.source + "`", "按需运行：`kepuctl run " + rules.source + "`"};
  case Phase::running:
    return {};
  case Phase::stopping:
    return {};
  case Phase::backing_off:
    return {fmt::format("It will be tried again at {}", at()), fmt::format("将于 {} 重试", at())};
  case Phase::quarantined:
    return {fmt::format("It is quarantined: replace the library {} (it is then tried at once), or resume the source to "
                        "try the same one again",
                        library),
            fmt::format("已隔离：请更换接入库 {}（更换后立即重试），或恢复该数据源以重试同一个库", library)};
  }
  return {};
}

Sentence what_now(const Rules& rules, const State& state, const model::Zone& zone) {
  if (state.phase == Phase::running) {
    const auto since =
        state.running_since ? zone.text(std::chrono::floor<std::chrono::seconds>(*state.running_since)) : std::string();
    if (const auto& days = state.backfill)
      return {"reading " + days->text() + " again since " + since, "自 " + since + " 起重新读取 " +
                                                                       model::day_text(days->first) + " 至 " +
                                                                       model::day_text(days->until - 1)};
    return {"running since " + since, "自 " + since + " 起运行中"};
  }
  if (state.phase == Phase::stopping) {
    if (state.ending && state.ending->reason.what != What::ended_well) {
      auto why = what_happened(rules, state, state.ending->reason);
      return {why.en + "; its worker is being ended", why.zh + "；正在结束其工作进程"};
    }
    return {"its run is being ended", "正在结束本次运行"};
  }
  return what_happened(rules, state, state.last);
}

} // namespace

Sentence words(const Exit& exit) {
  if (exit.signal == 0)
    for (const auto& w : code_words)
      if (static_cast<int>(w.how) == exit.code)
        return {fmt::format("because {} (exit code {})", w.en, exit.code),
                fmt::format("因{}而结束（退出码 {}）", w.zh, exit.code)};
  if (exit.signal == 0)
    return {fmt::format("with exit code {}", exit.code), fmt::format("以退出码 {} 结束", exit.code)};
  for (const auto& w : signal_words)
    if (w.number == exit.signal)
      return {fmt::format("by {} ({})", w.en, w.name), fmt::format("因{}（{}）而终止", w.zh, w.name)};
  return {fmt::format("by signal {}", exit.signal), fmt::format("因信号 {} 而终止", exit.signal)};
}

Sentence what_happened(const Rules& rules, const State& state, const Reason& reason) {
  const auto& c = rules.connector;
  const auto& library = library_or(state, c);
  const auto& d = reason.detail;
  const auto en = after_colon(d.en, ": ");
  // What the connector or the system said is there in one language only.
  const auto zh = after_colon(d.zh, d.zh == d.en ? "；原文：" : "：");
  switch (reason.what) {
  case What::nothing_yet:
    return {"not started yet", "尚未启动"};
  case What::disabled:
    return {"switched off in its file", "已在其文件中停用"};
  case What::checked:
    return {fmt::format("connector {} was checked and found good", c), fmt::format("接入程序 {} 检查通过", c)};
  case What::ended_well:
    return {"the last run ended well" + en, "上次运行正常结束" + zh};
  case What::retry:
    return {"the source could not be read for now" + en, "数据源暂时无法读取" + zh};
  case What::bad_config:
    return {"the configuration does not work" + en, "配置无法使用" + zh};
  case What::bad_library:
    return {fmt::format("connector {} cannot be loaded{}", c, en), fmt::format("接入程序 {} 无法加载{}", c, zh)};
  case What::bad_data:
    return {"the last run met bad data" + en, "上次运行遇到坏数据" + zh};
  case What::cancelled:
    return {"the last run was cancelled" + en, "上次运行已取消" + zh};
  case What::bug:
    return {fmt::format("connector {} ({}) broke its contract{}", c, library, en),
            fmt::format("接入程序 {}（{}）违反约定{}", c, library, zh)};
  case What::misbehaved:
    return {fmt::format("the worker of connector {} ({}) sent what it may not and was killed{}", c, library, en),
            fmt::format("接入程序 {}（{}）的工作进程发送了不允许的内容，已被强制结束{}", c, library, zh)};
  case What::crashed: {
    const auto how = words(reason.exit);
    return {fmt::format("connector {} ({}) crashed: it ended {} and did not say why{}", c, library, how.en, en),
            fmt::format("接入程序 {}（{}）崩溃：{}，未说明原因{}", c, library, how.zh, zh)};
  }
  case What::crashed_on_load: {
    const auto how = words(reason.exit);
    return {fmt::format("library {} crashed while it was loaded: it ended {}{}", library, how.en, en),
            fmt::format("接入库 {} 在加载时崩溃：{}{}", library, how.zh, zh)};
  }
  case What::silent_at_start:
    return {fmt::format("connector {} ({}) did not get ready within {} s and was killed{}", c, library,
                        seconds(rules.timing.start_up), en),
            fmt::format("接入程序 {}（{}）在 {} 秒内未就绪，已被强制结束{}", c, library, seconds(rules.timing.start_up),
                        zh)};
  case What::ignored_cancel:
    return {fmt::format("connector {} ({}) did not end when its run was cancelled and was killed{}", c, library, en),
            fmt::format("接入程序 {}（{}）在取消后没有结束，已被强制结束{}", c, library, zh)};
  case What::not_launched:
    return {"no worker process could be started" + en, "无法启动工作进程" + zh};
  case What::shut_down:
    return {"kepud is ending", "kepud 正在退出"};
  }
  return {};
}

Sentence describe(const Rules& rules, const State& state, const model::Zone& zone, Steady now) {
  auto what = what_now(rules, state, zone);
  if (const auto n = crashes_in_window(rules, state, now); n > 0) {
    what.en = ended(what.en, fmt::format(" (crash {} of {} allowed within {} min)", n, rules.timing.crash_limit,
                                         minutes(rules.timing.crash_window)));
    what.zh = ended(what.zh, fmt::format("（{} 分钟内第 {} 次崩溃，达到 {} 次即隔离）",
                                         minutes(rules.timing.crash_window), n, rules.timing.crash_limit));
  }
  const auto then = what_next(rules, state, zone);
  Sentence s{fmt::format("Source \"{}\": {}", rules.source, what.en),
             fmt::format("数据源“{}”：{}", rules.source, what.zh)};
  s.en = ended(std::move(s.en), then.en.empty() ? "." : ". " + then.en + ".");
  s.zh = ended(std::move(s.zh), then.zh.empty() ? "。" : "。" + then.zh + "。");
  return s;
}

} // namespace kepu::supervisor
