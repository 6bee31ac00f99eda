// SPDX-License-Identifier: Apache-2.0
//
// A connector in C++20, over <kepu/connector.h>. The whole of one:
//
//   constinit const kepu::Dataset readings{"readings", 1, kepu::field::text("sensor").key().required(),
//                                          kepu::field::timestamp("ts").key().time().required(),
//                                          kepu::field::real("value").measure()};
//   constinit const kepu::Datasets datasets{readings};
//   constinit const kepu::SettingSpecs settings{kepu::setting::input_folder("folder").required().help("Where it is.")};
//   constinit const kepu::Descriptor about{
//       {.id = "sensor", .version = "1.0.0", .title = "Sensors", .owner = "Science hall"}, settings, datasets};
//
//   class Sensor : public kepu::Connector {
//   public:
//     explicit Sensor(const kepu::Settings& s) : folder_(s.text("folder")) {}
//     kepu::Outcome run(kepu::Host& host) override {
//       kepu::Rows& rows = host.rows(readings);
//       rows.row(2).text("S1").timestamp(0).real(20.5);
//       host.wait_durable(host.commit("2"));
//       return kepu::Outcome::ok();
//     }
//   ...
//   KEPU_CONNECTOR(about, Sensor)
//
// Exceptions stop at the border: Ended ends the run as it says, any other is KEPU_RUN_BUG with its text.
#pragma once

#include <kepu/connector.h>
#include <kepu/declare.hpp>
#include <kepu/host.hpp>
#include <kepu/outcome.hpp>
#include <kepu/rows.hpp>
#include <kepu/settings.hpp>

#include <exception>
#include <memory>
#include <string>

namespace kepu {

// The author's class; also needs a constructor from const kepu::Settings&, which may throw Ended.
// Constructed, called and destroyed on one thread, "the worker". One object serves one run.
class Connector {
public:
  virtual ~Connector() = default;
  virtual Outcome run(Host& host) = 0;
  // Dynamic connectors: host.declare for each dataset. Called once, before run.
  virtual Outcome discover(Host&) {
    return Outcome::bug("the descriptor has no datasets, and discover is not overridden");
  }
};

namespace border {

struct Instance {
  Instance(const kepu_host* h, const kepu_descriptor& d) : host(h, d) {}
  Host host;
  std::unique_ptr<Connector> connector;
};

// Runs f and gives its outcome to the host; nothing thrown gets out.
template <class F> int32_t guarded(const kepu_host* host, const char* where, F&& f) noexcept {
  try {
    Outcome outcome;
    try {
      outcome = f();
    } catch (const Ended& ended) {
      outcome = ended.outcome();
    } catch (const std::exception& e) {
      outcome = Outcome::bug(std::string(where) + " threw an exception: " + e.what());
    } catch (...) {
      outcome = Outcome::bug(std::string(where) + " threw something that is no std::exception");
    }
    if (!outcome.text.empty()) host->explain(host->ctx, {outcome.text.data(), outcome.text.size()});
    return outcome.status;
  } catch (...) { // out of memory while saying so
    return KEPU_RUN_BUG;
  }
}

inline int32_t discover(void* self) {
  auto& it = *static_cast<Instance*>(self);
  return guarded(it.host.c(), "discover", [&] { return it.connector->discover(it.host); });
}
inline int32_t run(void* self) {
  auto& it = *static_cast<Instance*>(self);
  return guarded(it.host.c(), "run", [&] {
    Outcome outcome = it.connector->run(it.host);
    if (outcome.status == KEPU_RUN_OK) it.host.flush(); // so that the host can say that a commit was forgotten
    return outcome;
  });
}
inline void destroy(void* self) { delete static_cast<Instance*>(self); }

template <class Class, const Descriptor& About>
int32_t create(const kepu_host* host, const kepu_settings* settings, kepu_connector* out) {
  return guarded(host, "the constructor", [&] {
    auto it = std::make_unique<Instance>(host, About.c());
    it->connector = std::make_unique<Class>(Settings(*settings));
    out->self = it.release();
    out->discover = About.c().dynamic ? &discover : nullptr;
    out->run = &run;
    out->destroy = &destroy;
    return Outcome::ok();
  });
}

} // namespace border
} // namespace kepu

// Exports the library's one symbol. At namespace level of one source file.
#define KEPU_CONNECTOR(descriptor, Class)                                                                              \
  extern "C" KEPU_EXPORT const kepu_entry kepu_connector_entry;                                                        \
  extern "C" constinit const kepu_entry kepu_connector_entry = {sizeof(kepu_entry), KEPU_ABI_MAJOR, KEPU_ABI_MINOR,    \
                                                                &(descriptor).c(),                                     \
                                                                &::kepu::border::create<Class, descriptor>};
