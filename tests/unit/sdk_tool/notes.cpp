// Ends in each of the ways that the tool tells apart.
#include <kepu/connector.hpp>

#include <poll.h>
#include <stdexcept>

namespace {

constinit const kepu::Dataset notes{"notes", 1, kepu::field::text("id").key().required(),
                                    kepu::field::decimal("hours", 1).measure(),
                                    kepu::field::text("author").person("account:desk")};
constinit const kepu::Datasets datasets{notes};
constinit const kepu::Choices ways{"ok", "retry", "bad_data", "bad_config", "bug", "breach", "wait"};
constinit const kepu::SettingSpecs settings{
    kepu::setting::choice("way", ways).otherwise("ok").help("How it ends.", "如何结束。"),
    kepu::setting::input_folder("folder").help("Shown in the log."),
    kepu::setting::list("words").help("Shown in the log."),
    kepu::setting::real("share").otherwise("0.5").help("Shown in the log."),
    kepu::setting::duration("pause").otherwise("1s").help("Not used."),
    kepu::setting::secret("token").help("Its length is shown in the log."),
    kepu::setting::integer("count").otherwise("3").help("How many rows.")};
constinit const kepu::Descriptor about{{.id = "notes",
                                        .version = "2.0.1",
                                        .title = "Notes",
                                        .title_zh = "便条",
                                        .owner = "Tests",
                                        .needs = KEPU_NEED_NETWORK},
                                       settings,
                                       datasets};

class Notes : public kepu::Connector {
public:
  explicit Notes(const kepu::Settings& given) : given_(given) {}
  kepu::Outcome run(kepu::Host& host) override {
    const std::string& way = given_.text("way");
    host.info(
        "folder=" + given_.text_or("folder", "none") + " token=" + std::to_string(given_.text_or("token", "").size()) +
        " share=" + std::to_string(given_.real("share")) + " zone=" + host.time_zone() + " cursor=" + host.cursor());
    if (given_.has("words")) host.info("words=" + std::to_string(given_.list("words").size()));
    if (way == "retry") return kepu::Outcome::retry("the desk is closed");
    if (way == "bad_data") return kepu::Outcome::bad_data("the notes are wet");
    if (way == "bad_config") return kepu::Outcome::bad_config("no such desk");
    if (way == "bug") throw std::runtime_error("a mistake");
    if (way == "breach") host.end_input();
    if (way == "wait") {
      host.warning("waiting");
      pollfd cancelled{host.cancel_fd(), POLLIN, 0};
      while (!host.is_cancelled())
        ::poll(&cancelled, 1, -1);
      return kepu::Outcome::cancelled();
    }
    if (!host.begin_input("desk", 3, {1}).open()) return kepu::Outcome::ok();
    for (int64_t i = 0; i < given_.integer("count"); ++i)
      host.rows(notes).row(static_cast<uint64_t>(i) + 2).text("n" + std::to_string(i)).decimal(i * 5).text("A1");
    host.reject(9, "id", "no_id", "the note has no id; give it one");
    host.end_input();
    host.progress(3, 3);
    host.wait_durable(host.commit("after " + std::to_string(given_.integer("count"))));
    return kepu::Outcome::ok("all notes read");
  }

private:
  kepu::Settings given_;
};

} // namespace

KEPU_CONNECTOR(about, Notes)
