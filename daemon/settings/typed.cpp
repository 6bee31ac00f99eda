#include "base/nearest.hpp"
#include "base/printable.hpp"
#include "settings/loading.hpp"
#include "settings/secret.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace kepu::settings {
namespace {

std::string found(const RawValue& value) {
  struct Describe {
    std::string operator()(const std::string& text) const { return "the text " + in_quotes(text, 40); }
    std::string operator()(int64_t number) const { return "the integer " + std::to_string(number); }
    std::string operator()(double) const { return "a real number"; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(const std::vector<std::string>&) const { return "a list"; }
    std::string operator()(const RawTable&) const { return "a table"; }
  };
  return std::visit(Describe{}, value);
}

const char* wanted(int32_t type) {
  switch (static_cast<kepu_setting_type>(type)) {
  case KEPU_SETTING_TEXT:
    return "a text";
  case KEPU_SETTING_INTEGER:
    return "an integer";
  case KEPU_SETTING_REAL:
    return "a number";
  case KEPU_SETTING_BOOLEAN:
    return "true or false";
  case KEPU_SETTING_DURATION:
    return "a duration such as \"30s\"";
  case KEPU_SETTING_ENUM:
    return "one of its words as a text";
  case KEPU_SETTING_LIST:
    return "a list of texts";
  case KEPU_SETTING_SECRET:
    return "a secret's place, { credential = \"NAME\" } or { file = \"…\" }";
  case KEPU_SETTING_INPUT_FOLDER:
  case KEPU_SETTING_WORK_FOLDER:
    return "a folder's path as a text";
  case KEPU_SETTING_HOST:
    return "a host such as \"example.org:443\" as a text";
  case KEPU_SETTING_COMMAND:
    return "an absolute path of a program as a text";
  case KEPU_SETTING_TABLE:
    return "a table";
  }
  return "another type";
}

bool is_host(std::string_view text) {
  constexpr size_t longest_name = 253;
  const bool bracketed = !text.empty() && text.front() == '[';
  const size_t end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && end == std::string_view::npos) return false;
  const std::string_view name = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
  std::string_view port = end == std::string_view::npos ? std::string_view() : text.substr(end + (bracketed ? 1 : 0));
  if (name.empty() || name.size() > longest_name) return false;
  for (char c : name) {
    const bool common = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
    if (!common && c != (bracketed ? ':' : '-') && c != '_') return false;
  }
  if (port.empty()) return true;
  port.remove_prefix(1);
  uint16_t number = 0;
  const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc{} && stop == port.data() + port.size() && number > 0;
}

// One setting on its way from what was written to what the connector gets.
class Typing {
public:
  Typing(const abi::SettingSpec& spec, const std::filesystem::path& base, Secrets secrets, Report& report)
      : spec_(spec), base_(base), secrets_(secrets), report_(report) {
    out_.key = spec.key;
    out_.type = spec.type;
  }

  std::optional<abi::Setting> from(const RawSetting& raw) {
    at_ = {raw.line, raw.column};
    const auto* text = std::get_if<std::string>(&raw.value);
    const auto* integer = std::get_if<int64_t>(&raw.value);
    switch (static_cast<kepu_setting_type>(spec_.type)) {
    case KEPU_SETTING_INTEGER:
      if (!integer) break;
      out_.integer = *integer;
      return out_;
    case KEPU_SETTING_REAL: {
      const auto* real = std::get_if<double>(&raw.value);
      if (!real && !integer) break;
      out_.real = real ? *real : static_cast<double>(*integer);
      if (!std::isfinite(out_.real)) return bad("out_of_range", "is not a finite number");
      return out_;
    }
    case KEPU_SETTING_BOOLEAN: {
      const auto* boolean = std::get_if<bool>(&raw.value);
      if (!boolean) break;
      out_.integer = *boolean;
      return out_;
    }
    case KEPU_SETTING_LIST: {
      const auto* items = std::get_if<std::vector<std::string>>(&raw.value);
      if (!items) break;
      out_.items = *items;
      return out_;
    }
    case KEPU_SETTING_TABLE: {
      const auto* table = std::get_if<RawTable>(&raw.value);
      if (!table) break;
      for (const auto& entry : *table) {
        out_.items.push_back(entry.key);
        out_.items.push_back(entry.value);
      }
      if (const auto complaint = abi::complaint_about_table(out_.items); !complaint.empty())
        return bad("bad_table", complaint);
      return out_;
    }
    case KEPU_SETTING_SECRET:
      if (const auto* table = std::get_if<RawTable>(&raw.value)) {
        const auto ref = place_of_secret(*table);
        return ref ? secret(*ref) : std::nullopt;
      }
      // The value is not repeated: it may be the secret.
      return bad("literal_secret",
                 "is a secret and is never written here; write { credential = \"NAME\" } or { file = \"…\" }");
    case KEPU_SETTING_TEXT:
    case KEPU_SETTING_DURATION:
    case KEPU_SETTING_ENUM:
    case KEPU_SETTING_INPUT_FOLDER:
    case KEPU_SETTING_WORK_FOLDER:
    case KEPU_SETTING_HOST:
    case KEPU_SETTING_COMMAND:
      if (!text) break;
      return from_text(*text);
    }
    return bad("wrong_type", std::string("wants ") + wanted(spec_.type) + ", found " + found(raw.value));
  }

  // The connector's default, which is always a text.
  std::optional<abi::Setting> from_default(Place at) {
    at_ = at;
    const std::string& text = spec_.default_value;
    const char* begin = text.data();
    const char* end = begin + text.size();
    switch (static_cast<kepu_setting_type>(spec_.type)) {
    case KEPU_SETTING_INTEGER: {
      const auto [stop, error] = std::from_chars(begin, end, out_.integer);
      if (error != std::errc{} || stop != end) return bad_default();
      return out_;
    }
    case KEPU_SETTING_REAL: {
      const auto [stop, error] = std::from_chars(begin, end, out_.real);
      if (error != std::errc{} || stop != end || !std::isfinite(out_.real)) return bad_default();
      return out_;
    }
    case KEPU_SETTING_BOOLEAN:
      if (text != "true" && text != "false") return bad_default();
      out_.integer = text == "true";
      return out_;
    case KEPU_SETTING_LIST:
      for (size_t from = 0; !text.empty() && from <= text.size();) {
        const size_t comma = std::min(text.find(',', from), text.size());
        out_.items.push_back(text.substr(from, comma - from));
        from = comma + 1;
      }
      return out_;
    case KEPU_SETTING_TABLE:
      if (!abi::read_table(text, out_.items) || !abi::complaint_about_table(out_.items).empty()) return bad_default();
      return out_;
    case KEPU_SETTING_SECRET:
      return bad_default();
    case KEPU_SETTING_TEXT:
    case KEPU_SETTING_DURATION:
    case KEPU_SETTING_ENUM:
    case KEPU_SETTING_INPUT_FOLDER:
    case KEPU_SETTING_WORK_FOLDER:
    case KEPU_SETTING_HOST:
    case KEPU_SETTING_COMMAND:
      return from_text(text);
    }
    return bad_default();
  }

private:
  std::optional<abi::Setting> bad(std::string code, const std::string& text) {
    report_.add(at_, std::move(code), in_quotes(spec_.key) + " " + text);
    return std::nullopt;
  }
  std::optional<abi::Setting> bad_default() {
    return bad("bad_default", "has the default " + in_quotes(spec_.default_value) +
                                  ", which does not fit its type; give it a value here and tell the connector's owner");
  }

  std::optional<abi::Setting> from_text(const std::string& text) {
    out_.text = text;
    switch (static_cast<kepu_setting_type>(spec_.type)) {
    case KEPU_SETTING_DURATION: {
      auto duration = parse_duration(text);
      if (!duration) return bad(duration.error().code, "wants a duration: " + duration.error().text);
      out_.text.clear();
      out_.integer = duration->count();
      break;
    }
    case KEPU_SETTING_ENUM:
      if (!std::count(spec_.choices.begin(), spec_.choices.end(), text)) {
        return bad("unknown_word", "cannot be " + in_quotes(text) + suggestion(text, spec_.choices));
      }
      break;
    case KEPU_SETTING_INPUT_FOLDER:
    case KEPU_SETTING_WORK_FOLDER: {
      const auto path = (base_ / text).lexically_normal();
      if (text.empty() || printable(text) != text)
        return bad("bad_path", "wants a folder; " + in_quotes(text) + " is no path");
      if (path == path.root_path())
        return bad("bad_path", "cannot be the root folder: the connector could reach everything");
      out_.text = path.string();
      while (out_.text.size() > 1 && out_.text.back() == '/')
        out_.text.pop_back();
      break;
    }
    case KEPU_SETTING_HOST:
      if (!is_host(text)) return bad("bad_host", "wants \"name\" or \"name:port\"; " + in_quotes(text) + " is neither");
      break;
    case KEPU_SETTING_COMMAND:
      if (text.empty() || text[0] != '/' || printable(text) != text) {
        return bad("bad_path", "wants the absolute path of a program; " + in_quotes(text) + " is none");
      }
      break;
    case KEPU_SETTING_TEXT:
    case KEPU_SETTING_INTEGER:
    case KEPU_SETTING_REAL:
    case KEPU_SETTING_BOOLEAN:
    case KEPU_SETTING_LIST:
    case KEPU_SETTING_TABLE:
    case KEPU_SETTING_SECRET:
      break;
    }
    return out_;
  }

  // { credential = "NAME" } or { file = "…" }.
  std::optional<SecretRef> place_of_secret(const RawTable& table) {
    const auto* entry = table.size() == 1 ? &table.front() : nullptr;
    const bool credential = entry && entry->key == "credential";
    if (!entry || !entry->is_text || (!credential && entry->key != "file")) {
      bad("bad_secret", std::string("wants ") + wanted(KEPU_SETTING_SECRET) + ", and this table is none");
      return std::nullopt;
    }
    if (!credential) {
      const auto path = absolute_path(report_, entry->at, "file", entry->value, base_);
      return path ? std::optional(SecretRef{SecretRef::From::file, path->string()}) : std::nullopt;
    }
    if (is_credential_name(entry->value)) return SecretRef{SecretRef::From::credential, entry->value};
    report_.add(entry->at, "bad_name",
                in_quotes(entry->value) + " cannot be a credential; use letters, digits, \"_\", \"-\" and \".\"");
    return std::nullopt;
  }

  std::optional<abi::Setting> secret(const SecretRef& ref) {
    if (secrets_ == Secrets::form_only) {
      // Credentials exist only inside the unit, and whoever checks need not be the daemon's user.
      if (ref.from == SecretRef::From::credential) return out_;
      const auto read = read_secret(ref);
      if (!read && read.error().code != "unreadable_secret") return bad(read.error().code, ": " + read.error().text);
      return out_;
    }
    auto read = read_secret(ref);
    if (!read) return bad(read.error().code, ": " + read.error().text);
    out_.text = std::move(*read);
    return out_;
  }

  const abi::SettingSpec& spec_;
  const std::filesystem::path& base_;
  Secrets secrets_;
  Report& report_;
  Place at_;
  abi::Setting out_;
};

} // namespace

Typed type_settings(const Source& source, const std::vector<abi::SettingSpec>& specs, const std::filesystem::path& base,
                    Secrets secrets) {
  Typed out;
  Report report(source.file, out.problems);
  std::vector<std::string> keys;
  for (const auto& spec : specs)
    keys.push_back(spec.key);
  for (const auto& raw : source.settings) {
    if (std::count(keys.begin(), keys.end(), raw.key)) continue;
    report.add({raw.line, raw.column}, "unknown_key",
               "connector " + source.connector + " has no setting " + in_quotes(raw.key) + suggestion(raw.key, keys));
  }
  for (const auto& spec : specs) {
    const auto raw = std::find_if(source.settings.begin(), source.settings.end(),
                                  [&](const RawSetting& one) { return one.key == spec.key; });
    Typing typing(spec, base, secrets, report);
    std::optional<abi::Setting> setting;
    if (raw != source.settings.end()) {
      setting = typing.from(*raw);
    } else if (spec.has_default) {
      setting = typing.from_default(source.settings_at);
    } else if (spec.required) {
      report.add(source.settings_at, "missing_key",
                 "connector " + source.connector + " needs the setting " + in_quotes(spec.key) +
                     (spec.help.empty() ? "" : ": " + printable(spec.help)));
    }
    if (setting) out.settings.push_back(std::move(*setting));
  }
  return out;
}

} // namespace kepu::settings
