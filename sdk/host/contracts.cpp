// SPDX-License-Identifier: Apache-2.0
#include "contracts.hpp"

#include "texts.hpp"

#include <algorithm>

namespace kepu::host {
namespace {

template <class T> std::vector<std::string> names(const std::vector<T>& items, std::string T::*name) {
  std::vector<std::string> out;
  for (const auto& item : items)
    out.push_back(item.*name);
  return out;
}

void agree_field(abi::Field& field, const abi::Field& contract, const std::string& dataset,
                 std::vector<std::string>& out) {
  const std::string where = "field " + dataset + "." + field.name;
  const auto differs = [&](const std::string& what, const std::string& has, const std::string& wanted) {
    out.push_back(where + " has " + what + " " + has + ", the catalog says " + wanted);
  };
  if (field.type != contract.type) differs("type", type_name(field.type), type_name(contract.type));
  if (field.type == contract.type && field.scale != contract.scale)
    differs("scale", std::to_string(field.scale), std::to_string(contract.scale));
  // Roles may be said in part: the catalog's count, and what is said must be among them.
  if (field.roles & ~contract.roles)
    differs("role", role_names(field.roles & ~contract.roles), role_names(contract.roles));
  if (!field.scheme.empty() && field.scheme != contract.scheme)
    differs("scheme", field.scheme, contract.scheme.empty() ? "that it is no person" : contract.scheme);
  if (!field.entity_register.empty() && field.entity_register != contract.entity_register)
    differs("register", field.entity_register,
            contract.entity_register.empty() ? "that it is no entity" : contract.entity_register);
  field.roles = contract.roles;
  field.scheme = contract.scheme;
  field.entity_register = contract.entity_register;
  field.required = field.required || contract.required;
}

void agree_dataset(abi::Dataset& dataset, const abi::Dataset& contract, std::vector<std::string>& out) {
  if (dataset.version != contract.version) {
    out.push_back("dataset " + dataset.id + " is emitted in version " + std::to_string(dataset.version) +
                  ", the catalog has version " + std::to_string(contract.version) +
                  "; use a connector built for it, or the catalog that it was built for");
    return; // everything else would follow from that
  }
  for (auto& field : dataset.fields) {
    const auto at = std::find_if(contract.fields.begin(), contract.fields.end(),
                                 [&](const auto& f) { return f.name == field.name; });
    if (at == contract.fields.end()) {
      out.push_back("the catalog's dataset " + dataset.id + " has no field " + quoted(field.name) +
                    did_you_mean(field.name, names(contract.fields, &abi::Field::name)));
    } else {
      agree_field(field, *at, dataset.id, out);
    }
  }
  for (const auto& wanted : contract.fields) {
    const bool there =
        std::any_of(dataset.fields.begin(), dataset.fields.end(), [&](const auto& f) { return f.name == wanted.name; });
    if (!there && (wanted.required || (wanted.roles & KEPU_ROLE_KEY)))
      out.push_back("dataset " + dataset.id + " lacks the field " + wanted.name + ", which the catalog requires");
  }
}

} // namespace

std::vector<std::string> agree(std::vector<abi::Dataset>& declared,
                               const std::optional<std::vector<abi::Dataset>>& contracts) {
  std::vector<std::string> out;
  for (auto& dataset : declared) {
    if (contracts) {
      const auto at =
          std::find_if(contracts->begin(), contracts->end(), [&](const auto& c) { return c.id == dataset.id; });
      if (at == contracts->end()) {
        out.push_back("the catalog has no dataset " + quoted(dataset.id) +
                      did_you_mean(dataset.id, names(*contracts, &abi::Dataset::id)) +
                      (contracts->empty() ? "" : "; declare it under datasets/ in the catalog"));
      } else {
        agree_dataset(dataset, *at, out);
      }
      continue;
    }
    for (const auto& field : dataset.fields)
      if ((field.roles & KEPU_ROLE_PERSON) && field.scheme.empty())
        out.push_back("field " + dataset.id + "." + field.name +
                      " is a person without a scheme, and there is no "
                      "catalog that says one; declare id_card, mobile or account:NAMESPACE");
  }
  return out;
}

} // namespace kepu::host
