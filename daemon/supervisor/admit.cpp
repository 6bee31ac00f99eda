#include "supervisor/admit.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace kepu::supervisor {
namespace {

// The connector may leave a field's role to the catalog.
bool declares_person(const abi::Dataset& declared, const model::Catalog* catalog) {
  return std::ranges::any_of(declared.fields, [&](const abi::Field& field) {
    if ((field.roles & KEPU_ROLE_PERSON) != 0) return true;
    if (!catalog) return false;
    for (const auto& dataset : catalog->datasets)
      if (dataset.contract.id == declared.id)
        for (const auto& known : dataset.contract.fields)
          if (known.name == field.name && (known.roles & KEPU_ROLE_PERSON) != 0) return true;
    return false;
  });
}

std::string quoted_needs(uint32_t needs) {
  std::string out;
  if ((needs & KEPU_NEED_NETWORK) != 0) out += "\"network\"";
  if ((needs & KEPU_NEED_EXEC) != 0) out += out.empty() ? "\"exec\"" : ", \"exec\"";
  return out;
}

} // namespace

bool reads_persons(const abi::Descriptor& descriptor, const model::Catalog* catalog) {
  return std::ranges::any_of(descriptor.datasets,
                             [&](const abi::Dataset& dataset) { return declares_person(dataset, catalog); });
}

std::variant<Admission, Sentence> admit(const settings::Source& source, const abi::Descriptor& descriptor,
                                        const settings::Configuration& configuration, bool have_person_key) {
  const auto file = source.file.string();
  if (descriptor.id != source.connector)
    return Sentence{fmt::format("library {}.so calls itself \"{}\"; install it as {}.so and name that in {}",
                                source.connector, descriptor.id, descriptor.id, file),
                    fmt::format("接入库 {}.so 自称“{}”；请以 {}.so 安装，并在 {} 中使用该名称", source.connector,
                                descriptor.id, descriptor.id, file)};
  const auto streaming = descriptor.mode == KEPU_STREAMING;
  if (streaming && !std::holds_alternative<std::monostate>(source.schedule))
    return Sentence{
        fmt::format("connector {} runs all the time; remove `every` or `cron` from {}", descriptor.id, file),
        fmt::format("接入程序 {} 持续运行；请从 {} 中删除 `every` 或 `cron`", descriptor.id, file)};
  constexpr uint32_t known_needs = KEPU_NEED_NETWORK | KEPU_NEED_EXEC;
  if ((descriptor.needs & ~known_needs) != 0)
    return Sentence{
        fmt::format("connector {} needs something that this kepud does not know; update kepud", descriptor.id),
        fmt::format("接入程序 {} 需要本版 kepud 不认识的权限；请升级 kepud", descriptor.id)};
  if ((descriptor.needs & ~source.allow) != 0) {
    const auto needs = quoted_needs(descriptor.needs | source.allow);
    return Sentence{fmt::format("connector {} needs {}; if that is right, write allow = [{}] into {}", descriptor.id,
                                quoted_needs(descriptor.needs & ~source.allow), needs, file),
                    fmt::format("接入程序 {} 需要 {}；如确认允许，请在 {} 中写入 allow = [{}]", descriptor.id,
                                quoted_needs(descriptor.needs & ~source.allow), file, needs)};
  }

  auto typed = settings::type_settings(source, descriptor.settings, configuration.daemon.file.parent_path());
  if (!typed.problems.empty()) {
    std::string text;
    for (const auto& problem : typed.problems)
      text += (text.empty() ? "" : "; ") + problem.sentence();
    return Sentence{text, text};
  }

  Admission out;
  // A dynamic connector's datasets are known only later.
  out.persons = descriptor.dynamic ? have_person_key : reads_persons(descriptor, configuration.catalog.get());
  if (out.persons && !have_person_key) {
    const auto main = configuration.daemon.file.string();
    return Sentence{
        fmt::format("connector {} reads persons, but there is no key for their pseudonyms; give [persons] "
                    "key_file in {} and restart kepud",
                    descriptor.id, main),
        fmt::format("接入程序 {} 读取人员信息，但没有生成假名的密钥；请在 {} 中设置 [persons] key_file 并重启 kepud",
                    descriptor.id, main)};
  }
  for (const auto& setting : typed.settings) {
    if (setting.type == KEPU_SETTING_INPUT_FOLDER) out.readable.push_back(setting.text);
    if (setting.type == KEPU_SETTING_WORK_FOLDER) out.writable.push_back(setting.text);
  }
  out.settings = std::move(typed.settings);
  return out;
}

wire::Configure instruction(const settings::Source& source, const Admission& admission,
                            const settings::Configuration& configuration, const std::string& time_zone,
                            const std::string& cursor, const std::optional<std::string>& person_key) {
  wire::Configure out;
  out.source = source.id;
  out.time_zone = time_zone;
  out.allow = source.allow;
  out.settings = admission.settings;
  if (configuration.catalog)
    for (const auto& dataset : configuration.catalog->datasets)
      out.datasets.push_back(dataset.contract);
  out.cursor = cursor;
  if (admission.persons && person_key) out.person_key = wire::PersonKey{*person_key};
  out.readable = admission.readable;
  out.writable = admission.writable;
  return out;
}

std::string too_large(const std::string& file) {
  return fmt::format("its settings and datasets together pass {} bytes; shorten {}", wire::max_payload, file);
}

} // namespace kepu::supervisor
