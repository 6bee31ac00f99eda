#include "base/printable.hpp"
#include "http/routes.hpp"

namespace kepu::http {

std::string labels_text(const std::vector<std::string>& labels) {
  std::string out;
  for (const auto& label : labels)
    out += (out.empty() ? "" : "; ") + label;
  return out;
}

Response label_commit(const Asked& asked) {
  asked.params.allow_only({"label", "replace"});
  std::optional<store::Seq> commit;
  if (asked.id != "latest") {
    commit = number_asked(asked);
    if (!commit) {
      throw Refused{"unknown_commit",
                    "no commit " + in_quotes(asked.id),
                    "/api/v1/commits lists them; latest is the last one",
                    "",
                    {}};
    }
  }
  const auto label = asked.params.text("label");
  if (!label) {
    throw Refused{"missing_parameter", "which label?", "add label= and a name, percent-encoded", "label", {}};
  }
  const bool replace = asked.params.word("replace", {"true", "false"}) == "true";
  const auto labelled = asked.control.label(commit, *label, replace);
  if (!labelled) {
    const bool of_label = labelled.error().code == "bad_label" || labelled.error().code == "label_taken";
    throw Refused{labelled.error().code, labelled.error().text, "", of_label ? "label" : "", {}};
  }
  std::string body;
  Json json(body);
  json.object().key("data").object().key("commit").number(labelled->seq);
  json.key("recorded_at").text(asked.context.zone->text(labelled->recorded_at)).key("label").text(*label);
  json.end_object().end_object();
  return plain(asked, 200, std::move(body));
}

} // namespace kepu::http
