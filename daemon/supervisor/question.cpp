#include "supervisor/question.hpp"

#include "supervisor/launch.hpp"

#include <boost/asio/post.hpp>

#include <csignal>
#include <filesystem>
#include <utility>

namespace kepu::supervisor {

Question::Question(std::shared_ptr<Surroundings> around, const LibraryLook& library, About about, std::string first,
                   std::function<void(Description)> then)
    : around_(std::move(around)), library_(library.path), about_(about), first_(std::move(first)),
      then_(std::move(then)),
      output_(around_->clock, std::filesystem::path(library.path).stem().string(), around_->log),
      deadline_(around_->io) {}

std::shared_ptr<Question> Question::ask(std::shared_ptr<Surroundings> around, const LibraryLook& library, About about,
                                        std::string first, std::function<void(Description)> then) {
  std::shared_ptr<Question> question(
      new Question(std::move(around), library, about, std::move(first), std::move(then)));
  question->start();
  return question;
}

void Question::start() {
  auto started = Link::start(
      around_, worker_launch(*around_, library_), output_,
      {[self = shared_from_this()](wire::Header header, std::string payload) { return self->frame(header, payload); },
       [self = shared_from_this()](Sentence why) { self->kill(What::misbehaved, std::move(why)); },
       [self = shared_from_this()](Exit exit) { self->done(exit); }});
  if (!started) {
    const auto& text = started.error().text;
    result_ = NotDescribed{After::retry, {What::not_launched, {text, text}, {}, {}}};
    boost::asio::post(around_->io, [self = shared_from_this()] { self->done({}); });
    return;
  }
  link_ = *started;
  limit(around_->timing.start_up);
}

void Question::limit(Timing::Duration time) {
  deadline_.expires_after(time);
  deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    if (const auto self = weak.lock(); self && !ec) self->kill(What::silent_at_start, {});
  });
}

bool Question::frame(wire::Header header, const std::string& payload) {
  const auto message = wire::decode_from_worker(header.type, payload);
  if (!message) {
    kill(What::misbehaved, {message.error().text, message.error().text});
    return true;
  }
  answer(*message);
  return true;
}

void Question::answer(wire::Message message) {
  if (const auto* hello = std::get_if<wire::Hello>(&message); hello && !greeted_) {
    greeted_ = true;
    if (auto problem = protocol_problem(*hello)) {
      kill(What::misbehaved, std::move(*problem));
      return;
    }
    limit(around_->timing.start_up);
    link_->send(first_);
  } else if (auto* described = std::get_if<wire::Described>(&message); described && greeted_ && !result_) {
    conclude(std::move(described->descriptor));
  } else if (const auto* failed = std::get_if<wire::Done>(&message); failed && greeted_) {
    if (result_) return; // DONE after DESCRIPTOR: it has nothing more to say
    const Sentence text{failed->text, failed->text};
    switch (failed->status) {
    case KEPU_RUN_RETRY:
      conclude(NotDescribed{After::retry, {What::retry, text, {}, {}}});
      break;
    case KEPU_RUN_BAD_CONFIG:
      conclude(
          NotDescribed{After::stop, {about_ == About::library ? What::bad_library : What::bad_config, text, {}, {}}});
      break;
    default:
      conclude(NotDescribed{After::crash, {What::bug, text, {}, {}}});
      break;
    }
  } else if (const auto* line = std::get_if<wire::LogFrame>(&message)) {
    output_.line(level_of(line->level), line->text);
  } else if (about_ == About::settings && std::holds_alternative<wire::ProgressFrame>(message)) {
    // A connector may say how far it is while it looks for what there is to read.
  } else if (about_ == About::library) {
    kill(What::misbehaved, {"it sent a frame that does not belong to a description", "它发送了不属于描述过程的帧"});
  } else {
    kill(What::misbehaved, {"it sent a frame out of turn", "它在不该发送的时候发送了帧"});
  }
}

void Question::conclude(Description description) {
  result_ = std::move(description);
  std::string frames;
  wire::encode(wire::Bye{}, 0, frames);
  limit(around_->timing.cancel_grace);
  link_->send(frames);
}

void Question::kill(What what, Sentence detail) {
  if (!link_) return;
  if (!result_) result_ = NotDescribed{After::crash, {what, std::move(detail), {}, {}}};
  link_->stop_reading();
  link_->signal(SIGKILL);
}

void Question::done(Exit exit) {
  const auto self = shared_from_this();
  deadline_.cancel();
  link_.reset();
  if (!result_)
    result_ =
        NotDescribed{After::crash, {about_ == About::library ? What::crashed_on_load : What::crashed, {}, exit, {}}};
  if (const auto then = std::exchange(then_, nullptr)) then(std::move(*result_));
}

void Question::drop() {
  then_ = nullptr;
  deadline_.cancel();
  if (!link_) return;
  link_->stop_reading();
  link_->signal(SIGKILL);
  link_.reset();
}

} // namespace kepu::supervisor
