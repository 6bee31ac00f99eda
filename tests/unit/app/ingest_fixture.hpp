// kepu-ingest with a real store, fed with the frames of a worker.
#pragma once

#include "support/folder.hpp"
#include "support/sample_catalog.hpp"

#include "app/ingest.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

namespace kepu::app {

constexpr auto patience = std::chrono::seconds(30); // a bound for a machine under load, not a measure

// What came of a run, in order: "input take", "input refused", "durable", "dropped", "refused bad_data".
class Heard : public supervisor::WorkerPort {
public:
  explicit Heard(boost::asio::io_context& io) : io_(io) {}
  void send(supervisor::RunToken, std::string frames) override {
    boost::asio::post(io_, [this, bytes = std::move(frames)] {
      for (std::string_view left = bytes; !left.empty();) {
        const auto header = wire::decode_header(left).value();
        const auto message =
            wire::decode_from_daemon(header.type, left.substr(wire::header_bytes, header.size)).value();
        if (const auto* input = std::get_if<wire::InputAnswered>(&message)) has_previous = input->has_previous;
        if (const auto* input = std::get_if<wire::InputAnswered>(&message))
          words.push_back(input->decision == KEPU_TAKE      ? "input take"
                          : input->decision == KEPU_KNOWN   ? "input known"
                          : input->decision == KEPU_REFUSED ? "input refused"
                                                            : "input resume");
        if (const auto* ack = std::get_if<wire::Ack>(&message)) words.push_back(ack->dropped ? "dropped" : "durable");
        left.remove_prefix(wire::header_bytes + header.size);
      }
    });
  }
  void drained(supervisor::RunToken) override {}
  void refuse(supervisor::RunToken, supervisor::Refusal refusal) override {
    boost::asio::post(io_, [this, r = std::move(refusal)] {
      words.push_back("refused " + r.status + (r.again ? " again" : ""));
      text = r.text;
    });
  }
  std::vector<std::string> words;
  std::string text;
  bool has_previous = false; // of the last input that was answered

private:
  boost::asio::io_context& io_;
};

class IngestTest : public testing::Test {
protected:
  IngestTest() {
    store::Options options;
    options.file = folder_.path() / "kepu.db";
    options.clock = &clock_;
    writer_ = store::Writer::open(options).value();
    EXPECT_TRUE(writer_->load_catalog(test::sample_catalog(), model::Zone::find("Asia/Shanghai").value()));
    ingest_.emplace(io_, *writer_, clock_);
    ingest_->start(heard_);
  }

  void begin_run(const std::string& library_hash = "one", const std::string& source = "gates",
                 std::optional<model::Backfill> backfill = {}) {
    supervisor::RunInfo info;
    info.token = ++token_;
    info.source = source;
    info.connector = "c";
    info.library_hash = library_hash;
    info.datasets = datasets_;
    info.backfill = backfill;
    info.max_reject_share = 0.1;
    info.started = clock_.now();
    ingest_->run_begins(std::move(info));
    heard_.words.clear();
    tag_ = 0;
  }
  void frame(const wire::Message& message, uint32_t tag = 0) {
    std::string bytes;
    wire::encode(message, tag, bytes);
    ingest_->frame(token_, wire::decode_header(bytes).value(), bytes.substr(wire::header_bytes));
  }
  void begin_input(const std::string& name, uint8_t content = 1) {
    wire::InputAsked asked;
    asked.name = name;
    asked.size = 10;
    asked.content_hash[0] = content;
    frame(asked, ++tag_);
  }
  void end_input() {
    wire::InputAsked ended;
    ended.act = wire::InputAsked::Act::end;
    frame(ended);
  }
  void bad_rows(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i)
      frame(wire::RejectFrame{i + 2, "ts", "bad_time", "no such day"});
  }
  void commit(uint64_t rejects) { frame(wire::CommitFrame{"here", 0, rejects}, ++tag_); }
  void settle(bool well = true) {
    bool settled = false;
    ingest_->settle(token_, well, [&] { settled = true; });
    run_until(settled);
  }
  void end_run(const char* status = "ok") {
    settle(status == std::string("ok"));
    bool recorded = false;
    ingest_->run_ends(token_, {status, "", clock_.now()}, [&] { recorded = true; });
    run_until(recorded);
  }
  std::string cursor() {
    std::string out;
    bool prepared = false;
    ingest_->prepare("gates", [&](std::string text) {
      out = std::move(text);
      prepared = true;
    });
    run_until(prepared);
    return out;
  }
  // A run of which the store refuses the input "bad.csv".
  void run_with_refused_input() {
    begin_run();
    begin_input("bad.csv");
    bad_rows(200);
    end_input();
    commit(200);
    end_run();
    ASSERT_THAT(heard_.words, testing::ElementsAre("input take", "dropped", "refused bad_data again"));
  }

  std::vector<abi::Dataset> datasets_{test::sample_catalog()->datasets[0].contract};
  test::Folder folder_;
  FakeClock clock_{from_micros(1'735'704'000'000'000)};
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> more_to_come_{io_.get_executor()};
  Heard heard_{io_};
  std::unique_ptr<store::Writer> writer_;
  std::optional<Ingest> ingest_;
  supervisor::RunToken token_ = 0;
  uint32_t tag_ = 0;

  void run_until(const bool& holds) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!holds && std::chrono::steady_clock::now() < end)
      io_.run_one_for(patience);
    ASSERT_TRUE(holds);
  }
};

} // namespace kepu::app
