// SPDX-License-Identifier: Apache-2.0
//
// The functions of kepu_host: C on the outside, Run inside; no exception gets out.
#include "run.hpp"

#include "texts.hpp"

namespace kepu::host {

struct Calls {
  static Run& of(void* ctx) { return *static_cast<Run*>(ctx); }
  static std::string text(kepu_str s) {
    std::string out = scrub(s.data ? std::string_view(s.data, s.size) : std::string_view());
    out.resize(cut(out, KEPU_MAX_TEXT_BYTES).size());
    return out;
  }

  // Only memory can run out in here, or the sink can throw: the run cannot go on, the connector is told so.
  // `no_ctx`: the answer to who lost the host's ctx, which is told to the run made last.
  template <class F, class T> static T guarded(void* ctx, const char* call, F&& f, T otherwise, T no_ctx) noexcept {
    Run& run = ctx ? of(ctx) : Run::latest();
    try {
      if (ctx) return f(run);
      run.broken(std::string(call) + ": ctx is NULL; pass the ctx of the host");
      return no_ctx;
    } catch (const std::exception& e) {
      run.broken(std::string(call) + " failed inside the host: " + e.what());
    } catch (...) {
      run.broken(std::string(call) + " failed inside the host");
    }
    return otherwise;
  }
  template <class F, class T> static T guarded(void* ctx, const char* call, F&& f, T otherwise) noexcept {
    return guarded(ctx, call, std::forward<F>(f), otherwise, otherwise);
  }
  template <class F> static int32_t status_of(void* ctx, const char* call, F&& f) noexcept {
    return guarded(ctx, call, std::forward<F>(f), static_cast<int32_t>(KEPU_E_CLOSED),
                   static_cast<int32_t>(KEPU_E_CONTRACT));
  }

  // For what is marked [any]: `f` with the sink, unless the run is closed.
  template <class F, class T> static T with_sink(void* ctx, const char* call, F&& f, T otherwise) noexcept {
    return guarded(
        ctx, call,
        [&](Run& run) {
          std::shared_lock lock(run.open_);
          return run.any_sink_ ? f(*run.any_sink_) : otherwise;
        },
        otherwise);
  }

  static void torn_text(void* ctx, const char* call) noexcept {
    guarded(
        ctx, call, [&](Run& run) { return run.broken(std::string(call) + ": the text is NULL and its size is not 0"); },
        0);
  }

  template <class F> static int32_t running(void* ctx, const char* call, F&& f) noexcept {
    return status_of(ctx, call, [&](Run& run) {
      const int32_t status = run.allowed(call, run.phase_ == Phase::running, "run");
      return status == KEPU_OK ? f(run) : status;
    });
  }

  static void log(void* ctx, int32_t level, kepu_str line) {
    if (ctx && torn(line)) return torn_text(ctx, "log");
    with_sink(
        ctx, "log",
        [&](Sink& sink) {
          const bool known = level >= KEPU_DEBUG && level <= KEPU_ERROR;
          sink.log(known ? level : static_cast<int32_t>(KEPU_INFO), text(line));
          return 0;
        },
        0);
  }
  static void progress(void* ctx, uint64_t done, uint64_t total) {
    with_sink(
        ctx, "progress", [&](Sink& sink) { return sink.progress(done, total), 0; }, 0);
  }
  static int32_t is_cancelled(void* ctx) {
    return with_sink(
        ctx, "is_cancelled", [](Sink& sink) { return sink.cancelled() ? 1 : 0; }, 1);
  }
  static int32_t cancel_fd(void* ctx) {
    return with_sink(
        ctx, "cancel_fd", [](Sink& sink) { return sink.cancel_fd(); }, -1);
  }
  static kepu_str time_zone(void* ctx) {
    return guarded(
        ctx, "time_zone",
        [](Run& run) {
          return kepu_str{run.time_zone_.data(), run.time_zone_.size()};
        },
        kepu_str{nullptr, 0});
  }
  static const void* extension(void* ctx, const char* id) {
    return guarded(
        ctx, "extension",
        [&](Run& run) -> const void* {
          const std::string_view asked = id ? id : "";
          if (asked == KEPU_RANGE) return run.range_ ? &*run.range_ : nullptr;
          if (asked == KEPU_CONTRACTS) return run.contracts_.load();
          return nullptr;
        },
        static_cast<const void*>(nullptr));
  }

  static void explain(void* ctx, kepu_str line) {
    if (ctx && torn(line)) return torn_text(ctx, "explain");
    guarded(
        ctx, "explain",
        [&](Run& run) {
          if (run.allowed("explain", run.phase_ != Phase::idle, "create, discover or run") != KEPU_E_CONTRACT)
            run.explained_ = text(line);
          return 0;
        },
        0);
  }
  static int32_t declare(void* ctx, const kepu_dataset* dataset) {
    return status_of(ctx, "declare", [&](Run& run) {
      const int32_t status = run.allowed("declare", run.phase_ == Phase::discovering, "discover");
      return status == KEPU_OK ? run.declare(dataset) : status;
    });
  }
  static int32_t begin_input(void* ctx, const kepu_input* input, kepu_input_answer* answer) {
    return running(ctx, "begin_input", [&](Run& run) { return run.begin_input(input, answer); });
  }
  static int32_t end_input(void* ctx) {
    return running(ctx, "end_input", [](Run& run) { return run.end_input(); });
  }
  static int32_t emit(void* ctx, uint32_t dataset, const kepu_cell* cells, size_t rows, const uint64_t* places) {
    return running(ctx, "emit", [&](Run& run) { return run.emit(dataset, cells, rows, places); });
  }
  static int32_t retract(void* ctx, uint32_t dataset, const kepu_cell* cells, size_t count) {
    return running(ctx, "retract", [&](Run& run) { return run.retract(dataset, cells, count); });
  }
  static int32_t begin_replace(void* ctx, uint32_t dataset, const kepu_scope* scope) {
    return running(ctx, "begin_replace", [&](Run& run) { return run.begin_replace(dataset, scope); });
  }
  static int32_t end_replace(void* ctx) {
    return running(ctx, "end_replace", [](Run& run) { return run.end_replace(); });
  }
  static int32_t reject(void* ctx, uint64_t place, kepu_str field, kepu_str code, kepu_str message) {
    return running(ctx, "reject", [&](Run& run) { return run.reject(place, field, code, message); });
  }
  static int32_t commit(void* ctx, kepu_str cursor, uint64_t* part) {
    return running(ctx, "commit", [&](Run& run) { return run.commit(cursor, part); });
  }
  static int32_t wait_durable(void* ctx, uint64_t part) {
    return running(ctx, "wait_durable", [&](Run& run) { return run.wait_durable(part); });
  }
  static kepu_str cursor(void* ctx) {
    return guarded(
        ctx, "cursor",
        [](Run& run) {
          const int32_t status = run.allowed("cursor", run.phase_ == Phase::running, "run");
          return status == KEPU_E_CONTRACT ? kepu_str{nullptr, 0} : run.cursor();
        },
        kepu_str{nullptr, 0});
  }
};

static std::optional<kepu_range> in_c(const std::optional<Range>& range) {
  if (!range) return std::nullopt;
  return kepu_range{sizeof(kepu_range), 0, range->time_from, range->time_until, range->first_day, range->until_day};
}

Run::Run(Sink& sink, std::string time_zone, const std::optional<std::string>& person_key,
         const std::optional<Range>& range)
    : sink_(sink), time_zone_(std::move(time_zone)), range_(in_c(range)), worker_(std::this_thread::get_id()),
      person_key_(&person_key), any_sink_(&sink) {
  host_.struct_size = sizeof host_;
  host_.abi_major = KEPU_ABI_MAJOR;
  host_.abi_minor = KEPU_ABI_MINOR;
  host_.ctx = this;
  host_.log = &Calls::log;
  host_.progress = &Calls::progress;
  host_.is_cancelled = &Calls::is_cancelled;
  host_.cancel_fd = &Calls::cancel_fd;
  host_.time_zone = &Calls::time_zone;
  host_.extension = &Calls::extension;
  host_.explain = &Calls::explain;
  host_.declare = &Calls::declare;
  host_.begin_input = &Calls::begin_input;
  host_.end_input = &Calls::end_input;
  host_.emit = &Calls::emit;
  host_.retract = &Calls::retract;
  host_.begin_replace = &Calls::begin_replace;
  host_.end_replace = &Calls::end_replace;
  host_.reject = &Calls::reject;
  host_.commit = &Calls::commit;
  host_.wait_durable = &Calls::wait_durable;
  host_.cursor = &Calls::cursor;
}

} // namespace kepu::host
