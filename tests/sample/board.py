#!/usr/bin/env python3
"""Recomputes the whole board of the sample years for a day: targets, departments' sheets, the plan's sum and returns.

It is written from the formulas in daemon/plan/README.md and daemon/decisions/, takes its figures from recompute.py, and
shares no code with the daemon. Shares are fractions, so that exactly 0.95 is 0.95. Nothing of later days counts, nor a
survey that ended later. Where the documents are silent: "worst" of several indicators goes by the order of WORST_FIRST.
Not done, since the sample needs none of it: Wilson's interval near 0 and 100 %, two waves of a year, days before the plan.
"""
import argparse
import datetime as dt
import fractions
import json
import math
import pathlib
import re
import sys
import tomllib

import recompute

Fraction = fractions.Fraction
ON_TRACK, BEHIND = Fraction(95, 100), Fraction(60, 100)
WORST_FIRST = ("not_met", "far_behind", "behind", "cannot_tell", "no_data", "on_track", "achieved", "met", "met_with_confidence")
COUNTED_AS = {"achieved": "reached", "met": "reached", "met_with_confidence": "reached", "on_track": "on_track",
              "behind": "behind", "far_behind": "behind", "not_met": "behind", "cannot_tell": "unknown", "no_data": "unknown"}
# What a return's dataset is called in recompute.py.
TABLES = {"training_sessions": "sessions", "training_attendances": "attendances", "contests": "contests",
          "artisans": "artisans", "exchanges": "exchanges", "youth_activities": "youth", "teacher_training": "teachers",
          "volunteer_service": "service", "media_posts": "media"}


# --- judging --------------------------------------------------------------------------------------------------------


def share_of_days(first, last, on):
    """Days from `first` to `last` that passed; the day that is now has passed."""
    return Fraction(min((on - first).days, (last - first).days) + 1, (last - first).days + 1)


def share_of_profile(year, months, on):
    """Of a year whose months weigh so; within a month evenly by day."""
    passed = 0
    for month, weight in enumerate(months, start=1):
        first, last = dt.date(year, month, 1), recompute.last_of_month(year, month)
        if first <= on:
            passed += weight * share_of_days(first, last, on)
    return Fraction(passed) / sum(months)


def reaches(value, floor, comparator):
    return value > floor if comparator == ">" else value >= floor


def judge(value, floor, comparator, expected, is_over):
    """Status, reached and pace of anything but a survey."""
    if value is None:
        return {"status": "no_data", "reached": None, "pace": None}
    reached = Fraction(value) / floor
    if is_over:
        return {"status": "met" if reaches(value, floor, comparator) else "not_met", "reached": reached, "pace": None}
    pace = reached / expected if expected else None
    if reaches(value, floor, comparator):
        status = "achieved"
    elif pace is None or pace >= ON_TRACK:
        status = "on_track"
    else:
        status = "behind" if pace >= BEHIND else "far_behind"
    return {"status": status, "reached": reached, "pace": pace}


def judge_survey(figure, floor, comparator):
    """`figure`: {value, low, high} or None."""
    if figure is None:
        return {"status": "no_data", "reached": None, "pace": None}
    if reaches(figure["low"], floor, comparator):
        status = "met_with_confidence"
    elif not reaches(figure["high"], floor, comparator):
        status = "not_met"
    else:
        status = "met" if reaches(figure["value"], floor, comparator) else "cannot_tell"
    return {"status": status, "reached": figure["value"] / floor, "pace": None}


def quantile_of_t(share, degrees):
    """The quantile above 0.5 of Student's t, by halving; its distribution by Simpson's rule."""
    scale = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(degrees * math.pi)

    def density(x):
        return scale * (1 + x * x / degrees) ** (-(degrees + 1) / 2)

    def below(t, steps=1000):
        h = t / steps
        inner = sum((4 if n % 2 else 2) * density(n * h) for n in range(1, steps))
        return 0.5 + h / 3 * (density(0) + inner + density(t))

    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < share else (low, middle)
    return low


def interval(figure):
    """95 %, as daemon/decisions/surveys.md says, of a rate that is not near 0 or 100 %."""
    value, error = figure["value"], figure["standard_error"]
    if min(value, 100 - value) < 3 * error:
        sys.exit(f"a rate of {value} % needs Wilson's interval")
    half = quantile_of_t(0.975, figure["degrees_of_freedom"]) * error
    return {"value": value, "low": value - half, "high": value + half, "n": figure["n"]}


# --- the plan and its departments -----------------------------------------------------------------------------------


def as_list(value):
    return value if isinstance(value, list) else [value]


class Departments:
    def __init__(self, catalog):
        document = tomllib.loads((catalog / "departments.toml").read_text("utf-8"))
        self.all = {one["code"]: one for one in document["department"]}
        self.bodies = {one["code"]: one for one in document["body"]}
        self.code = recompute.Words.by_word(document["department"] + document["body"])

    def name(self, code):
        return (self.all.get(code) or self.bodies[code])["name"]["zh"]

    def resolved(self, words, named):
        """[{code, name, through, provisional}] of what a clause says; `named`: what it names in either role."""
        by_itself = {self.code[word] for word in named} - self.bodies.keys()
        out = {}
        for code in (self.code[word] for word in words):
            body = self.bodies.get(code, {})
            for member in [self.code[word] for word in body["members"]] if body else [code]:
                if not (body.get("others") and member in by_itself):
                    out.setdefault(member, {"code": member, "name": self.name(member), "through": code if body else None,
                                            "provisional": body.get("provisional", False)})
        return list(out.values())

    def joined(self, words):
        return "、".join(self.name(self.code[word]) for word in words) or None


class Catalog:
    def __init__(self, folder):
        read = lambda path: tomllib.loads(path.read_text("utf-8"))
        (self.plan_file,) = (folder / "plans").glob("*.toml")
        self.plan = read(self.plan_file)
        self.departments = Departments(folder)
        self.returns = read(folder / "returns.toml")["return"]
        self.units = {one["id"]: one["name"]["zh"] for one in read(folder / "units.toml")["unit"]}
        files = [folder / "indicators.toml", *(folder / "indicators").glob("*.toml")]
        self.indicators = {one["id"]: one for file in files for one in read(file).get("indicator", [])}
        self.sections = {one["id"]: one for one in self.plan["section"]}
        self.clauses = {one["id"]: one for one in self.plan["clause"]}
        self.profiles = {one["id"]: one["months"] for one in self.plan.get("profile", [])}

    def who(self, of_target, role):
        return of_target.get(role, self.clauses[of_target["clause"]][role])


# --- targets --------------------------------------------------------------------------------------------------------


class Board:
    """Everything of one day. `facts`: what recompute.read_all() gave."""

    def __init__(self, facts, words, catalog, on):
        self.catalog, self.plan, self.on = catalog, catalog.plan, on
        if on < self.plan["from"]:
            sys.exit(f"{on} lies before the plan's first day")
        self.facts = recompute.known_on(facts, on)
        moments = {min(on, target.get("due", self.plan["to"])) for target in self.plan["target"]}
        asked = {text: bounds for text, bounds in recompute.periods().items() if len(text) == 4}
        asked |= {moment.isoformat(): (moment, moment) for moment in moments}
        self.figures = recompute.figures_of(self.facts, words, asked)
        self.targets = [self.target(one) for one in self.plan["target"]]

    def figure(self, indicator, period):
        return self.figures.get(indicator, {}).get("all", {}).get(period, {}).get("")

    def part(self, target, first, last, value, expected, is_over, floor=None):
        """One indicator's answer to a target. The value stands for what is judged."""
        floor = target["floor"] if floor is None else floor
        comparator = target.get("comparator", ">=")
        if target["kind"] == "survey":
            judged = lambda at, by: judge_survey(value, at, by)
        else:
            judged = lambda at, by: judge(value, at, by, expected, is_over)
        stretch = target.get("stretch")
        return {"from": first, "to": last, "value": value["value"] if isinstance(value, dict) else value,
                "expected": expected, "closed": is_over, "required": None if floor == "all" else floor,
                **judged(floor, comparator), "stretch": judged(stretch, ">=") if stretch is not None else None,
                "interval": value if isinstance(value, dict) else None}

    def year(self, target, indicator, year):
        first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
        months = self.catalog.profiles.get(target.get("profile"))
        expected = share_of_profile(year, months, self.on) if months else share_of_days(first, last, self.on)
        return self.part(target, f"{year}", f"{year}", self.figure(indicator, f"{year}"), expected, self.on > last)

    def of_register(self, target, indicator, moment, expected, is_over):
        register = self.catalog.indicators[indicator]["register"]
        entries = self.figures.get(indicator, {}).get(register, {}).get(moment, {})
        if not entries:
            return self.part(target, moment, moment, None, expected, is_over)
        met = sum(map(bool, entries.values()))
        value = met if target["kind"] == "each" else Fraction(100 * met, len(entries))
        floor = len(entries) if target["floor"] == "all" else target["floor"]
        missing = sorted(code for code, is_met in entries.items() if not is_met)
        return {**self.part(target, moment, moment, value, expected, is_over, floor), "counted": met,
                "entries": len(entries), "missing": missing}

    def of_survey(self, target, indicator):
        first, last = self.plan["from"].year, min(self.on, self.plan["to"]).year
        told = [year for year in range(first, last + 1) if self.figure(indicator, f"{year}")]
        if told:
            first = last = told[-1]
        figure = interval(self.figure(indicator, f"{last}")) if told else None
        return self.part(target, f"{first}", f"{last}", figure, None, self.on > target.get("due", self.plan["to"]))

    def one_indicator(self, target, indicator):
        due, kind = target.get("due", self.plan["to"]), target["kind"]
        moment = min(self.on, due)
        if kind == "annual":
            return self.year(target, indicator, min(self.on, self.plan["to"]).year)
        if kind == "survey":
            return self.of_survey(target, indicator)
        expected, is_over = share_of_days(self.plan["from"], due, self.on), self.on > due
        if kind in ("coverage", "each"):
            return self.of_register(target, indicator, moment.isoformat(), expected, is_over)
        if kind == "stock" or self.catalog.indicators[indicator]["measure"] == "standing":
            value, first = self.figure(indicator, moment.isoformat()), moment.isoformat()
            return self.part(target, first, first, value, expected, is_over)
        years = [f"{year}" for year in range(self.plan["from"].year, moment.year + 1)]
        told = [value for year in years if (value := self.figure(indicator, year)) is not None]
        return self.part(target, years[0], years[-1], sum(told) if told else None, expected, is_over)

    def target(self, target):
        catalog = self.catalog
        indicators = as_list(target["indicator"])
        parts = [{"indicator": one, **self.one_indicator(target, one)} for one in indicators]
        worst = min(parts, key=lambda part: (WORST_FIRST.index(part["status"]), part["reached"] is not None,
                                             part["reached"] or 0))
        status, years = worst["status"], []
        if target["kind"] == "annual":
            last = min(self.on, self.plan["to"]).year
            years = [{"indicator": one, **self.year(target, one, year)} for one in indicators
                     for year in range(self.plan["from"].year, last + 1)]
            if self.on > self.plan["to"]:
                status = min((year["status"] for year in years), key=WORST_FIRST.index)
        clause = catalog.clauses[target["clause"]]
        lead, responsible = catalog.who(target, "lead"), catalog.who(target, "responsible")
        limits = worst["interval"] or {}
        row = {
            "plan": catalog.plan_file.stem, "clause": clause["id"], "target": target["id"], "name": target["name"]["zh"],
            "kind": target["kind"], "indicator": worst["indicator"],
            "period": worst["from"] if worst["from"] == worst["to"] else f"{worst['from']}/{worst['to']}",
            "value": worst["value"], "unit": catalog.units[target["unit"]], "comparator": target.get("comparator", ">="),
            "floor": worst["required"], "status": status, "reached": worst["reached"], "expected": worst["expected"],
            "pace": worst["pace"], "stretch": target.get("stretch"),
            "stretch_status": worst["stretch"] and worst["stretch"]["status"],
            "interval_low": limits.get("low"), "interval_high": limits.get("high"), "n": limits.get("n"),
            "due": target.get("due", self.plan["to"]).isoformat(),
            "group": target.get("group", catalog.sections[clause["section"]].get("group")),
            "lead": catalog.departments.joined(lead), "responsible": catalog.departments.joined(responsible),
            "formula": f"{target['kind']}/1"}
        return {"row": row, "parts": parts, "years": years, "quote": target["quote"],
                "lead": catalog.departments.resolved(lead, lead + responsible),
                "responsible": catalog.departments.resolved(responsible, lead + responsible)}

    # --- sums and sheets --------------------------------------------------------------------------------------------

    @staticmethod
    def counts(rows):
        out = dict.fromkeys(("reached", "on_track", "behind", "unknown"), 0)
        for row in rows:
            out[COUNTED_AS[row["status"]]] += 1
        return out

    def plan_row(self):
        return {"plan": self.catalog.plan_file.stem, "name": self.plan["name"]["zh"], "from": self.plan["from"].isoformat(),
                "to": self.plan["to"].isoformat(), "area": self.plan["area"], "clauses": len(self.plan["clause"]),
                "targets": len(self.targets), **self.counts(one["row"] for one in self.targets)}

    def sheet(self, department):
        """A department's rows: what it leads first, then what it is responsible for; a clause without a target too."""
        out, empty = [], dict.fromkeys(self.targets[0]["row"])
        for role in ("lead", "responsible"):
            for clause in self.plan["clause"]:
                whole = {"row": {**empty, "plan": self.catalog.plan_file.stem, "clause": clause["id"]},
                         "quote": clause["text"],
                         role: self.catalog.departments.resolved(clause[role], clause["lead"] + clause["responsible"])}
                for held in [one for one in self.targets if one["row"]["clause"] == clause["id"]] or [whole]:
                    for one in held[role]:
                        if one["code"] == department:
                            out.append({
                                **held["row"], "department": department, "role": role, "title": clause["title"]["zh"],
                                "through": one["through"],
                                "through_name": one["through"] and self.catalog.departments.name(one["through"]),
                                "provisional": one["provisional"], "text": held["quote"],
                                "section": self.catalog.sections[clause["section"]]["name"]["zh"]})
        return out

    def department_row(self, code):
        sheet = self.sheet(code)
        out = {"department": code, "name": self.catalog.departments.name(code),
               "area": self.catalog.departments.all[code].get("area")}
        for role in ("lead", "responsible"):
            rows = [row for row in sheet if row["role"] == role]
            out[f"{role}_clauses"] = len({row["clause"] for row in rows})
            out[f"{role}_targets"] = sum(row["target"] is not None for row in rows)
        return {**out, **self.counts(row for row in sheet if row["role"] == "lead" and row["target"])}

    def department_rows(self):
        return [self.department_row(code) for code in sorted(self.catalog.departments.all)]

    # --- returns ----------------------------------------------------------------------------------------------------

    def completeness(self):
        """Every return of every period that has begun, as if all that is there had come on this day."""
        out = []
        for one in self.catalog.returns:
            days = [fact["day"] for fact in self.facts[TABLES[one["dataset"]]]]
            for period, first, last in periods_owed(one["from"], one["to"]):
                if first > self.on:
                    break
                due = last + dt.timedelta(days=int(one["due"].removesuffix("d")))
                is_there = any(first <= day <= last for day in days)
                status = ("late" if is_there else "missing") if due < self.on else "on_time" if is_there else "not_yet_due"
                department = self.catalog.departments.code[one["department"]]
                out.append({"return": one["id"], "name": one["name"]["zh"], "department": department,
                            "department_name": self.catalog.departments.name(department), "dataset": one["dataset"],
                            "source": one.get("source"), "period": period, "due": due.isoformat(), "status": status})
        return out

    def completeness_rows(self):
        out = {}
        for one in self.completeness():
            row = out.setdefault(one["department"], {"department": one["department"], "owed": 0, "on_time": 0, "late": 0,
                                                     "missing": 0, "not_yet_due": 0})
            row["owed"] += 1
            row[one["status"]] += 1
        return list(out.values())

    def whole(self):
        return {"day": self.on.isoformat(), "plans": [self.plan_row()], "targets": self.targets,
                "departments": self.department_rows(), "completeness": self.completeness_rows(),
                "sheets": {code: self.sheet(code) for code in self.catalog.departments.all}}


def periods_owed(first, last):
    """[(text, first day, last day)] from a period to another of its kind: 2021, 2021-S1 or 2021-Q1."""
    year, _, part = first.partition("-")
    months = {"": 12, "S": 6, "Q": 3}[re.sub(r"\d", "", part)]
    out, year, number = [], int(year), int(part[1:] or 1)
    while not out or out[-1][0] != last:
        text = f"{year}-{part[0]}{number}" if part else f"{year}"
        out.append((text, dt.date(year, (number - 1) * months + 1, 1), recompute.last_of_month(year, number * months)))
        year, number = (year, number + 1) if number * months < 12 else (year + 1, 1)
    return out


def boards(sample, folder, days):
    """{day: Board}, the files read once."""
    words, catalog = recompute.Words(folder), Catalog(folder)
    facts = recompute.read_all(sample, words)
    return {on: Board(facts, words, catalog, on) for on in days}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sample", type=pathlib.Path, help="folder of the sources' folders")
    parser.add_argument("--on", type=dt.date.fromisoformat, default=dt.date.today(), help="the day that is judged; today")
    parser.add_argument("--catalog", type=pathlib.Path, default=recompute.CATALOG)
    options = parser.parse_args()
    board = boards(options.sample, options.catalog, [options.on])[options.on]
    json.dump(board.whole(), sys.stdout, ensure_ascii=False, indent=1, default=float)
    print()


if __name__ == "__main__":
    main()
