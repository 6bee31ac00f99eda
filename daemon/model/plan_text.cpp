// Plans, departments and returns as canonical bytes. The order of a plan's sections, clauses and targets is the plan's
// own and counts; plans and departments are written in the order of their codes.
#include "model/text_parts.hpp"

#include <algorithm>

namespace kepu::model {
namespace {

void put_period(ByteWriter& out, const Period& period) {
  out.put<uint8_t>(static_cast<uint8_t>(period.freq));
  out.put<int32_t>(period.index);
}

void put(ByteWriter& out, const Target& target) {
  out.text(target.id);
  out.text(target.clause);
  out.text(target.quote);
  put_label(out, target.name);
  put_texts(out, target.indicators);
  out.put<uint8_t>(static_cast<uint8_t>(target.kind));
  out.put<uint8_t>(target.above);
  put_texts(out, bound(target.floor));
  put_texts(out, bound(target.stretch));
  out.text(target.unit);
  out.put<int32_t>(target.due);
  out.text(target.profile);
  put_texts(out, target.lead);
  put_texts(out, target.responsible);
  out.text(target.group);
}

void put(ByteWriter& out, const Plan& plan) {
  out.text(plan.id);
  put_label(out, plan.name);
  out.put<int32_t>(plan.from);
  out.put<int32_t>(plan.to);
  out.text(plan.area);
  out.varint(plan.groups.size());
  for (const auto& group : plan.groups) {
    out.text(group.id);
    put_label(out, group.name);
  }
  out.varint(plan.sections.size());
  for (const auto& section : plan.sections) {
    out.text(section.id);
    out.put<uint8_t>(static_cast<uint8_t>(section.kind));
    put_label(out, section.name);
    out.text(section.group);
  }
  out.varint(plan.clauses.size());
  for (const auto& clause : plan.clauses) {
    out.text(clause.id);
    out.text(clause.section);
    put_label(out, clause.title);
    out.text(clause.text);
    put_texts(out, clause.lead);
    put_texts(out, clause.responsible);
  }
  out.varint(plan.profiles.size());
  for (const auto& profile : plan.profiles) {
    out.text(profile.id);
    for (const auto weight : profile.months)
      out.put<uint32_t>(weight);
  }
  out.varint(plan.targets.size());
  for (const auto& target : plan.targets)
    put(out, target);
}

Period read_period(ByteReader& in) {
  Period out;
  out.freq = choice(in, Freq::year);
  out.index = in.get<int32_t>();
  return out;
}

Target read_target(ByteReader& in) {
  Target out;
  out.id = text(in);
  out.clause = text(in);
  out.quote = text(in);
  out.name = label(in);
  out.indicators = texts(in);
  out.kind = choice(in, TargetKind::survey);
  out.above = in.get<uint8_t>() != 0;
  out.floor = bound(in);
  out.stretch = bound(in);
  out.unit = text(in);
  out.due = in.get<int32_t>();
  out.profile = text(in);
  out.lead = texts(in);
  out.responsible = texts(in);
  out.group = text(in);
  return out;
}

Plan read_plan(ByteReader& in) {
  Plan out;
  out.id = text(in);
  out.name = label(in);
  out.from = in.get<int32_t>();
  out.to = in.get<int32_t>();
  out.area = text(in);
  for (size_t n = count(in, 12); n > 0 && in.ok(); --n) {
    Group group;
    group.id = text(in);
    group.name = label(in);
    out.groups.push_back(std::move(group));
  }
  for (size_t n = count(in, 17); n > 0 && in.ok(); --n) {
    Section section;
    section.id = text(in);
    section.kind = choice(in, SectionKind::guarantee);
    section.name = label(in);
    section.group = text(in);
    out.sections.push_back(std::move(section));
  }
  for (size_t n = count(in, 22); n > 0 && in.ok(); --n) {
    Clause clause;
    clause.id = text(in);
    clause.section = text(in);
    clause.title = label(in);
    clause.text = text(in);
    clause.lead = texts(in);
    clause.responsible = texts(in);
    out.clauses.push_back(std::move(clause));
  }
  for (size_t n = count(in, 52); n > 0 && in.ok(); --n) {
    Profile profile;
    profile.id = text(in);
    for (auto& weight : profile.months)
      weight = in.get<uint32_t>();
    out.profiles.push_back(std::move(profile));
  }
  for (size_t n = count(in, 40); n > 0 && in.ok(); --n)
    out.targets.push_back(read_target(in));
  return out;
}

} // namespace

void put_plans(ByteWriter& out, const Catalog& catalog) {
  out.varint(catalog.departments.all().size());
  for (const auto* one : sorted(catalog.departments.all(), &Department::code)) {
    out.text(one->code);
    put_label(out, one->name);
    put_texts(out, one->aliases);
    out.text(one->area);
  }
  out.varint(catalog.departments.bodies().size());
  for (const auto* one : sorted(catalog.departments.bodies(), &Body::code)) {
    out.text(one->code);
    put_label(out, one->name);
    put_texts(out, one->aliases);
    put_texts(out, one->members);
    out.put<uint8_t>(one->others);
    out.put<uint8_t>(one->provisional);
  }
  out.varint(catalog.plans.size());
  for (const auto* one : sorted(catalog.plans, &Plan::id))
    put(out, *one);
  out.varint(catalog.returns.size());
  for (const auto* one : sorted(catalog.returns, &Return::id)) {
    out.text(one->id);
    put_label(out, one->name);
    out.text(one->dataset);
    out.text(one->department);
    out.text(one->source);
    put_period(out, one->from);
    out.put<uint8_t>(one->to.has_value());
    if (one->to) put_period(out, *one->to);
    out.put<int32_t>(one->days);
  }
}

void read_plans(ByteReader& in, Catalog& out) {
  std::vector<Department> departments;
  for (size_t n = count(in, 17); n > 0 && in.ok(); --n) {
    Department one;
    one.code = text(in);
    one.name = label(in);
    one.aliases = texts(in);
    one.area = text(in);
    departments.push_back(std::move(one));
  }
  std::vector<Body> bodies;
  for (size_t n = count(in, 16); n > 0 && in.ok(); --n) {
    Body one;
    one.code = text(in);
    one.name = label(in);
    one.aliases = texts(in);
    one.members = texts(in);
    one.others = in.get<uint8_t>() != 0;
    one.provisional = in.get<uint8_t>() != 0;
    bodies.push_back(std::move(one));
  }
  out.departments = Departments(std::move(departments), std::move(bodies));
  for (size_t n = count(in, 25); n > 0 && in.ok(); --n)
    out.plans.push_back(read_plan(in));
  for (size_t n = count(in, 34); n > 0 && in.ok(); --n) {
    Return one;
    one.id = text(in);
    one.name = label(in);
    one.dataset = text(in);
    one.department = text(in);
    one.source = text(in);
    one.from = read_period(in);
    const uint8_t ends = in.get<uint8_t>();
    if (ends > 1) in.fail();
    if (ends == 1) one.to = read_period(in);
    one.days = in.get<int32_t>();
    out.returns.push_back(std::move(one));
  }
}

} // namespace kepu::model
