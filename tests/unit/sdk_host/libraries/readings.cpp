#include <kepu/connector.hpp>

namespace {

constinit const kepu::Dataset readings{"readings", 1, kepu::field::text("sensor").key().required(),
                                       kepu::field::timestamp("ts").key().time().required(),
                                       kepu::field::real("value").measure()};
constinit const kepu::Datasets datasets{readings};
constinit const kepu::SettingSpecs settings{kepu::setting::integer("count").otherwise("3").help("How many readings.")};
constinit const kepu::Descriptor about{
    {.id = "readings", .version = "1.2.0", .title = "Readings", .title_zh = "读数", .owner = "Tests"},
    settings,
    datasets};

class Readings : public kepu::Connector {
public:
  explicit Readings(const kepu::Settings& settings_given) : count_(settings_given.integer("count")) {}
  kepu::Outcome run(kepu::Host& host) override {
    kepu::Rows& rows = host.rows(readings);
    for (int64_t i = 0; i < count_; ++i)
      rows.row(static_cast<uint64_t>(i) + 2).text("S1").timestamp(i * 1000000).real(0.5);
    host.wait_durable(host.commit(std::to_string(count_)));
    return kepu::Outcome::ok();
  }

private:
  int64_t count_;
};

} // namespace

KEPU_CONNECTOR(about, Readings)
