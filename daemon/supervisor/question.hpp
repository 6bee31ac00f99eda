// One question to a worker of its own, which ends with the answer: DESCRIBE, or CONFIGURE without a run. kepu-io only.
#pragma once

#include "supervisor/link.hpp"

#include <kepu/values.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace kepu::supervisor {

// Why there is no descriptor, and what should follow.
struct NotDescribed {
  After then = After::stop; // stop, retry or crash
  Reason reason;
};
using Description = std::variant<abi::Descriptor, NotDescribed>;

// Lives until its worker was reaped, also when nobody else holds it.
class Question : public std::enable_shared_from_this<Question> {
public:
  enum class About : uint8_t {
    library, // DESCRIBE: a refusal is the library's
    settings // CONFIGURE: a refusal is the configuration's
  };
  // `first` is the frame of the question. `then` is called once, not before this returns, when the worker is gone;
  // each step has the start-up deadline.
  static std::shared_ptr<Question> ask(std::shared_ptr<Surroundings> around, const LibraryLook& library, About about,
                                       std::string first, std::function<void(Description)> then);
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  // Kills what goes on; nothing is called any more.
  void drop();

private:
  Question(std::shared_ptr<Surroundings> around, const LibraryLook& library, About about, std::string first,
           std::function<void(Description)> then);
  void start();
  bool frame(wire::Header header, const std::string& payload);
  void answer(wire::Message message);
  void conclude(Description description);
  void kill(What what, Sentence detail);
  void limit(Timing::Duration time);
  void done(Exit exit);

  const std::shared_ptr<Surroundings> around_;
  const std::string library_; // path
  const About about_;
  const std::string first_;
  std::function<void(Description)> then_; // empty: nobody wants it any more
  Output output_;
  boost::asio::steady_timer deadline_;
  std::shared_ptr<Link> link_;
  std::optional<Description> result_;
  bool greeted_ = false;
};

} // namespace kepu::supervisor
