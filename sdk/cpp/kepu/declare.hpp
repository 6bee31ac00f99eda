// SPDX-License-Identifier: Apache-2.0
//
// Declarations of a connector: fields, datasets, settings, descriptor. All of it is constant data
// (declare it `constinit const` at namespace level): loading the library runs no constructor.
#pragma once

#include <kepu/connector.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace kepu {

// One field; made by the functions of kepu::field, refined by the members: text("card").person("mobile").
struct Field {
  kepu_field c;

  constexpr Field key() const { return with(KEPU_ROLE_KEY); }
  constexpr Field time() const { return with(KEPU_ROLE_TIME); }
  constexpr Field until() const { return with(KEPU_ROLE_UNTIL); }
  constexpr Field period() const { return with(KEPU_ROLE_PERIOD); }
  constexpr Field area() const { return with(KEPU_ROLE_AREA); }
  constexpr Field measure() const { return with(KEPU_ROLE_MEASURE); }
  constexpr Field weight() const { return with(KEPU_ROLE_WEIGHT); }
  constexpr Field stratum() const { return with(KEPU_ROLE_STRATUM); }
  constexpr Field cluster() const { return with(KEPU_ROLE_CLUSTER); }
  constexpr Field attribute() const { return with(KEPU_ROLE_ATTRIBUTE); }
  // An entry of a register: "venues", "schools", ...
  constexpr Field entity(const char* of_register) const {
    Field f = with(KEPU_ROLE_ENTITY);
    f.c.entity_register = of_register;
    return f;
  }
  // "id_card", "mobile" or "account:NAMESPACE"; becomes a pseudonym before it leaves the worker.
  constexpr Field person(const char* scheme) const {
    Field f = with(KEPU_ROLE_PERSON);
    f.c.scheme = scheme;
    return f;
  }
  constexpr Field required() const {
    Field f = *this;
    f.c.required = 1;
    return f;
  }

private:
  constexpr Field with(kepu_role role) const {
    Field f = *this;
    f.c.roles |= static_cast<uint32_t>(role);
    return f;
  }
};

namespace field {
constexpr Field of(const char* name, kepu_type type, int32_t scale = 0) {
  return {{sizeof(kepu_field), 0, name, type, scale, nullptr, nullptr, 0}};
}
constexpr Field text(const char* name) { return of(name, KEPU_TEXT); }
constexpr Field integer(const char* name) { return of(name, KEPU_INTEGER); }
constexpr Field decimal(const char* name, int32_t scale) { return of(name, KEPU_DECIMAL, scale); }
constexpr Field real(const char* name) { return of(name, KEPU_REAL); }
constexpr Field boolean(const char* name) { return of(name, KEPU_BOOLEAN); }
constexpr Field date(const char* name) { return of(name, KEPU_DATE); }
constexpr Field timestamp(const char* name) { return of(name, KEPU_TIMESTAMP); }
constexpr Field period(const char* name) { return of(name, KEPU_PERIOD); }
} // namespace field

// constinit const kepu::Dataset passages{"passages", 1, kepu::field::text("event_id").key().required(), ...};
template <size_t N> class Dataset {
public:
  template <class... Fields> constexpr Dataset(const char* id, uint32_t version, Fields... list) : fields_{list.c...} {
    for (size_t i = 0; i < N; ++i)
      pointers_[i] = &fields_[i];
    c_ = {sizeof(kepu_dataset), version, id, pointers_.data(), N};
  }
  Dataset(const Dataset&) = delete; // it points into itself
  Dataset& operator=(const Dataset&) = delete;
  constexpr const kepu_dataset& c() const { return c_; }
  constexpr operator const kepu_dataset&() const { return c_; }

private:
  std::array<kepu_field, N> fields_;
  std::array<const kepu_field*, N> pointers_{};
  kepu_dataset c_{};
};
template <class... Fields> Dataset(const char*, int, Fields...) -> Dataset<sizeof...(Fields)>;

// Which datasets a connector emits. The datasets must outlive it.
template <size_t N> class Datasets {
public:
  template <size_t... M> constexpr explicit Datasets(const Dataset<M>&... list) : pointers_{&list.c()...} {}
  constexpr const kepu_dataset* const* data() const { return pointers_.data(); }
  constexpr size_t size() const { return N; }

private:
  std::array<const kepu_dataset*, N> pointers_;
};
template <size_t... M> Datasets(const Dataset<M>&...) -> Datasets<sizeof...(M)>;

// One setting; made by the functions of kepu::setting, refined by the members.
struct Setting {
  kepu_setting_spec c;

  constexpr Setting required() const {
    Setting s = *this;
    s.c.required = 1;
    return s;
  }
  // As text: "true", "30s", "a,b" for a list, "key = value" lines for a table.
  constexpr Setting otherwise(const char* default_value) const {
    Setting s = *this;
    s.c.default_value = default_value;
    return s;
  }
  constexpr Setting help(const char* english, const char* chinese = nullptr) const {
    Setting s = *this;
    s.c.help = english;
    s.c.help_zh = chinese;
    return s;
  }
};

// constinit const kepu::Choices on_change{"upsert", "replace"};
template <size_t N> class Choices {
public:
  template <class... Text> constexpr explicit Choices(Text... list) : words_{list..., nullptr} {}
  constexpr const char* const* data() const { return words_.data(); }

private:
  std::array<const char*, N + 1> words_;
};
template <class... Text> Choices(Text...) -> Choices<sizeof...(Text)>;

namespace setting {
constexpr Setting of(const char* key, kepu_setting_type type) {
  return {{sizeof(kepu_setting_spec), type, key, 0, nullptr, nullptr, nullptr, nullptr}};
}
constexpr Setting text(const char* key) { return of(key, KEPU_SETTING_TEXT); }
constexpr Setting integer(const char* key) { return of(key, KEPU_SETTING_INTEGER); }
constexpr Setting real(const char* key) { return of(key, KEPU_SETTING_REAL); }
constexpr Setting boolean(const char* key) { return of(key, KEPU_SETTING_BOOLEAN); }
constexpr Setting duration(const char* key) { return of(key, KEPU_SETTING_DURATION); }
constexpr Setting list(const char* key) { return of(key, KEPU_SETTING_LIST); }
constexpr Setting secret(const char* key) { return of(key, KEPU_SETTING_SECRET); }
constexpr Setting input_folder(const char* key) { return of(key, KEPU_SETTING_INPUT_FOLDER); }
constexpr Setting work_folder(const char* key) { return of(key, KEPU_SETTING_WORK_FOLDER); }
constexpr Setting host(const char* key) { return of(key, KEPU_SETTING_HOST); }
// Texts by key; see KEPU_SETTING_TABLE.
constexpr Setting table(const char* key) { return of(key, KEPU_SETTING_TABLE); }
constexpr Setting command(const char* key) { return of(key, KEPU_SETTING_COMMAND); }
// The choices must outlive the setting.
template <size_t N> constexpr Setting choice(const char* key, const Choices<N>& choices) {
  Setting s = of(key, KEPU_SETTING_ENUM);
  s.c.choices = choices.data();
  return s;
}
} // namespace setting

// constinit const kepu::SettingSpecs specs{kepu::setting::input_folder("folder").required().help("..."), ...};
template <size_t N> class SettingSpecs {
public:
  template <class... List> constexpr explicit SettingSpecs(List... list) : specs_{list.c...} {
    for (size_t i = 0; i < N; ++i)
      pointers_[i] = &specs_[i];
  }
  SettingSpecs(const SettingSpecs&) = delete; // it points into itself
  SettingSpecs& operator=(const SettingSpecs&) = delete;
  constexpr const kepu_setting_spec* const* data() const { return pointers_.data(); }
  constexpr size_t size() const { return N; }

private:
  std::array<kepu_setting_spec, N> specs_;
  std::array<const kepu_setting_spec*, N> pointers_{};
};
template <class... List> SettingSpecs(List...) -> SettingSpecs<sizeof...(List)>;

// Who a connector is. `mode`: KEPU_SCHEDULED or KEPU_STREAMING; `needs`: kepu_need, combined.
struct About {
  const char* id;
  const char* version;
  const char* title;
  const char* title_zh = nullptr;
  const char* owner;
  kepu_mode mode = KEPU_SCHEDULED;
  uint32_t needs = 0;
};

// constinit const kepu::Descriptor about{{.id = "venue_turnstile", ...}, specs, kepu_datasets};
// Lists must outlive it. Without datasets the connector is dynamic and overrides Connector::discover.
class Descriptor {
public:
  template <size_t S, size_t D>
  constexpr Descriptor(const About& a, const SettingSpecs<S>& settings, const Datasets<D>& datasets)
      : c_{sizeof(kepu_descriptor),
           a.mode,
           a.id,
           a.version,
           a.title,
           a.title_zh,
           a.owner,
           a.needs,
           0,
           settings.data(),
           S,
           datasets.data(),
           D} {}
  template <size_t S>
  constexpr Descriptor(const About& a, const SettingSpecs<S>& settings)
      : c_{sizeof(kepu_descriptor), a.mode, a.id,    a.version, a.title, a.title_zh, a.owner, a.needs, 1,
           settings.data(),         S,      nullptr, 0} {}
  constexpr const kepu_descriptor& c() const { return c_; }

private:
  kepu_descriptor c_;
};

} // namespace kepu
