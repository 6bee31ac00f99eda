#!/usr/bin/env python3
"""Recomputes the figures of the sample years from their CSV files alone, by the definitions (口径) as they are written.

It shares no code with the generator or the daemon. Rules: files of a folder in order of their names, rows in their order;
a row is refused when it has another number of columns than the header, when a column that is needed is empty or cannot be
read, or when an area, school or teacher is unknown as code, name or alias; of rows with one number the last that is not
refused counts. An empty cell is not zero. A figure that nothing was told of is left out.
Answer: {indicator: {dimension: {period: {code: figure}}}}; dimension "all" has the code "", "subdistrict" the code of the
subdistrict or "" for what cannot be placed in one, and the name of a register each of its entries. A survey's figure is
{value, standard_error, n, degrees_of_freedom}.
"""
import argparse
import csv
import datetime as dt
import io
import json
import math
import pathlib
import re
import sys
import tomllib

CATALOG = pathlib.Path(__file__).resolve().parents[2] / "config/catalog"
PLAN_START = dt.date(2021, 1, 1)
FIRST_YEAR, LAST_YEAR = 2021, 2025
MAX_AGE_FOLLOWERS = dt.timedelta(days=100)
FOREVER = dt.date.max


# --- reading --------------------------------------------------------------------------------------------------------


def decoded(raw):
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:].decode("utf-8")
    if raw.startswith(b"\xff\xfe"):
        return raw[2:].decode("utf-16-le")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def day(text):
    match = re.fullmatch(r"(\d{4})(?:-(\d\d?)-(\d\d?)|/(\d\d?)/(\d\d?)|年(\d\d?)月(\d\d?)日)", text)
    if not match:
        raise ValueError(text)
    year, month, of_month = (int(part) for part in match.groups() if part)
    return dt.date(year, month, of_month)


def whole(text):
    text = text.removeprefix("约").replace(",", "")
    if text.endswith("万"):
        tenths = text.removesuffix("万").split(".")
        return int(tenths[0]) * 10_000 + (int(tenths[1]) * 1_000 if len(tenths) > 1 else 0)
    return int(text)


def hundredths(text):
    before, _, after = text.partition(".")
    return int(before) * 100 + int((after + "00")[:2])


def last_day_of_wave(text):
    """A wave is told by the month in which it ended: 2025年9月."""
    year, _, month = text.removesuffix("月").partition("年")
    return last_of_month(int(year), int(month))


def last_of_month(year, month):
    return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)


def yes_no(text):
    return {"是": True, "否": False}[text]


class Words:
    """What sources call areas and entries of registers."""

    def __init__(self, catalog):
        areas = tomllib.loads((catalog / "areas.toml").read_text("utf-8"))["area"]
        self.areas = self.by_word(areas)
        # A former subdistrict is part of what succeeded it; all of ours have one successor.
        self.successor = {area["code"]: area["successors"][0] for area in areas if "successors" in area}
        self.registers = {"community": [a for a in areas if len(a["code"]) == 12],
                          "subdistrict": [a for a in areas if len(a["code"]) == 9]}
        for file in (catalog / "registers").glob("*.toml"):
            document = tomllib.loads(file.read_text("utf-8"))
            self.registers[file.stem] = next(value for value in document.values() if isinstance(value, list))
        self.entries = {name: self.by_word(entries) for name, entries in self.registers.items()}

    @staticmethod
    def by_word(entries):
        out = {}
        for entry in entries:
            for word in [entry["code"], *entry["name"].values(), *entry.get("aliases", [])]:
                out[word] = entry["code"]
        return out

    def subdistrict(self, area):
        return self.successor.get(area[:9], area[:9]) if area and len(area) >= 9 else ""

    def area(self, word):
        return self.areas[word]

    def of(self, register):
        return lambda word: self.entries[register][word]


def rows_of(folder, words, columns):
    """The facts of a folder. `columns`: header -> (name, how it is read, whether it is needed); the names in `key` of the
    first columns tell facts apart."""
    facts = {}
    for path in sorted(folder.glob("*.csv"), key=lambda path: path.name.encode()):
        text = decoded(path.read_bytes())
        table = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in text.split("\n")[0] else ",")
        header = next(table)
        for cells in table:
            if len(cells) != len(header):
                continue
            fact = {}
            try:
                for title, (name, read, needed, *_) in columns.items():
                    cell = cells[header.index(title)]
                    if not cell and needed:
                        raise ValueError(title)
                    fact[name] = read(cell) if cell else None
            except (ValueError, KeyError):
                continue
            facts[tuple(fact[name] for name, _, _, *key in columns.values() if key)] = fact
    return list(facts.values())


def read_all(sample, words):
    key, text, area = "key", str, words.area

    def table(folder, **columns):
        return rows_of(sample / folder, words, {spec[0]: (name, *spec[1:]) for name, spec in columns.items()})

    survey = dict(day=("调查批次", last_day_of_wave, True, key), id=("样本编号", text, True, key), area=("区域", area, False),
                  age=("年龄", whole, False), stratum=("层", text, False), cluster=("群", text, False),
                  clusters=("层内群数", whole, False), weight=("权重", float, True), score=("得分", whole, False))
    return {
        "sessions": table("training_sessions", id=("场次编号", text, True, key), kind=("培训类别", text, True),
                          day=("开始日期", day, True), area=("区域", area, False)),
        "attendances": table("training_attendances", id=("记录编号", text, True, key), kind=("培训类别", text, True),
                             day=("参训日期", day, True), person=("学员账号", text, False), area=("区域", area, False)),
        "teachers": table("teacher_training", id=("记录编号", text, True, key),
                          teacher=("教师工号", words.of("science_teachers"), True), day=("完成日期", day, True)),
        "youth": table("youth_activities", id=("活动编号", text, True, key), kind=("活动类别", text, True),
                       day=("开始日期", day, True), school=("学校", words.of("schools"), False),
                       area=("区域", area, False), attendances=("参加人次", whole, False)),
        "posts": table("school_posts", id=("岗位编号", text, True, key), school=("学校", words.of("schools"), True),
                       post=("岗位", text, True), full_time=("是否专职", yes_no, True), day=("到岗日期", day, True),
                       until=("离岗日期", day, False)),
        "sites": table("sites", id=("编号", text, True, key), kind=("类别", text, True), level=("级别", text, True),
                       day=("认定日期", day, True), until=("取消日期", day, False), area=("区域", area, False)),
        "lifestyle": table("lifestyle_coverage", id=("记录编号", text, True, key), level=("层级", text, True),
                           area=("区域", area, True), day=("覆盖日期", day, True), until=("停止日期", day, False)),
        "volunteers": table("volunteers", id=("注册编号", text, True, key), person=("志愿者账号", text, True),
                            day=("注册日期", day, True), until=("退出日期", day, False), area=("区域", area, False)),
        "service": table("volunteer_service", id=("服务编号", text, True, key), person=("志愿者账号", text, True),
                         day=("服务日期", day, True), hours=("服务时长", hundredths, True), area=("区域", area, False)),
        "contests": table("contests", id=("竞赛编号", text, True, key), trade=("工种", text, True),
                          day=("决赛日期", day, True), area=("区域", area, False)),
        "artisans": table("artisans", id=("认定编号", text, True, key), day=("认定日期", day, True),
                          area=("区域", area, False)),
        "exchanges": table("exchanges", id=("活动编号", text, True, key), kind=("活动类别", text, True),
                           day=("开始日期", day, True), area=("区域", area, False)),
        "media": table("media_posts", id=("作品编号", text, True, key), day=("发布日期", day, True),
                       views=("浏览量", whole, False)),
        "accounts": table("media_accounts", account=("账号", text, True, key), day=("统计日期", day, True, key),
                          platform=("平台", text, True), followers=("关注数", whole, True)),
        "literacy": table("literacy_survey", **survey),
        "health": table("health_survey", **survey),
    }


# --- figures --------------------------------------------------------------------------------------------------------


def periods():
    """{text: (first day, last day)} of the plan's years and months."""
    out = {}
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        out[f"{year}"] = dt.date(year, 1, 1), dt.date(year, 12, 31)
        for month in range(1, 13):
            out[f"{year}-{month:02}"] = dt.date(year, month, 1), last_of_month(year, month)
    return out


class Figures:
    def __init__(self, words, asked):
        self.words, self.periods, self.out = words, asked, {}

    def put(self, indicator, dimension, period, code, value):
        self.out.setdefault(indicator, {}).setdefault(dimension, {}).setdefault(period, {})[code] = value

    def cells(self, area):
        """Where a fact of this area counts, in each dimension; nothing has an area in datasets without one."""
        yield "all", ""
        if area is not False:
            yield "subdistrict", self.words.subdistrict(area)

    def over(self, indicator, facts, fold):
        """Facts of a period, by place; `fold` makes a figure of a list of facts, None where there is none."""
        held = {}
        for fact in facts:
            for period in (f"{fact['day'].year}", f"{fact['day'].year}-{fact['day'].month:02}"):
                if period in self.periods:
                    for dimension, code in self.cells(fact.get("area", False)):
                        held.setdefault((dimension, period, code), []).append(fact)
        for (dimension, period, code), of_cell in held.items():
            if (value := fold(of_cell)) is not None:
                self.put(indicator, dimension, period, code, value)

    def count(self, indicator, facts):
        self.over(indicator, facts, len)

    def distinct(self, indicator, facts, field):
        told = [fact for fact in facts if fact[field] is not None]
        self.over(indicator, told, lambda of_cell: len({fact[field] for fact in of_cell}))

    def sum(self, indicator, facts, field, divisor=1):
        told = [fact for fact in facts if fact[field] is not None]
        self.over(indicator, told, lambda of_cell: sum(fact[field] for fact in of_cell) / divisor)

    @staticmethod
    def in_force(facts, moment):
        return [fact for fact in facts if fact["day"] <= moment < (fact.get("until") or FOREVER)]

    def standing(self, indicator, facts, field):
        for period, (_, last) in self.periods.items():
            held = {}
            for fact in self.in_force(facts, last):
                for cell in self.cells(fact.get("area", False)):
                    held.setdefault(cell, set()).add(fact[field])
            for (dimension, code), values in held.items():
                self.put(indicator, dimension, period, code, len(values))

    def of_entries(self, indicator, register, facts, field, percent):
        """How many of the register's entries, valid in the period, have a fact in force at its end."""
        for period, (first, last) in self.periods.items():
            if not any(fact["day"] <= last for fact in facts):
                continue
            met = {fact[field] for fact in self.in_force(facts, last)}
            groups = {}
            for entry in self.words.registers[register]:
                if entry.get("valid_from", first) > last or entry.get("valid_to", last) < first:
                    continue
                place = entry.get("area", entry["code"])
                for cell in [*self.cells(place), (register, entry["code"])]:
                    groups.setdefault(cell, []).append(entry["code"] in met)
            for (dimension, code), entries in groups.items():
                if dimension == register and len(period) == 7 and register != "subdistrict":
                    continue  # one by one for years and days only
                value = sum(entries)
                self.put(indicator, dimension, period, code, 100 * value / len(entries) if percent else value)

    def latest(self, indicator, facts, field, series, max_age):
        for period, (first, last) in self.periods.items():
            newest = {}
            for fact in facts:
                which = tuple(fact[name] for name in series)
                if fact["day"] <= last and (which not in newest or newest[which]["day"] < fact["day"]):
                    newest[which] = fact
            held = [fact[field] for fact in newest.values() if fact["day"] >= first or last - fact["day"] <= max_age]
            if held:
                self.put(indicator, "all", period, "", sum(held))

    def survey(self, indicator, facts, cut, ages):
        for year in range(FIRST_YEAR, LAST_YEAR + 1):
            sample = [f for f in facts if f["day"].year == year]
            inside = [f["age"] is not None and ages[0] <= f["age"] <= ages[1] and f["score"] is not None for f in sample]
            weight = sum(f["weight"] for f, is_in in zip(sample, inside) if is_in)
            if not weight:
                continue
            rate = sum(f["weight"] for f, is_in in zip(sample, inside) if is_in and f["score"] >= cut) / weight
            # The whole sample's strata and clusters count; who is outside the population contributes nothing.
            strata, drawn_from = {}, {}
            for f, is_in in zip(sample, inside):
                drawn_from[f["stratum"]] = f["clusters"]
                clusters = strata.setdefault(f["stratum"], {})
                clusters.setdefault(f["cluster"], 0.0)
                if is_in:
                    clusters[f["cluster"]] += f["weight"] * ((f["score"] >= cut) - rate) / weight
            variance = 0.0
            for stratum, clusters in strata.items():
                drawn = len(clusters)
                mean = sum(clusters.values()) / drawn
                left = 1 - drawn / drawn_from[stratum]
                variance += left * drawn / (drawn - 1) * sum((z - mean) ** 2 for z in clusters.values())
            met = {(f["stratum"], f["cluster"]) for f, is_in in zip(sample, inside) if is_in}
            self.put(indicator, "all", f"{year}", "", {
                "value": 100 * rate, "standard_error": 100 * math.sqrt(variance), "n": sum(inside),
                "degrees_of_freedom": len(met) - len({stratum for stratum, _ in met})})


def known_on(facts, on):
    """Nothing of later days, and no survey that ended later."""
    return {table: [fact for fact in held if fact["day"] <= on] for table, held in facts.items()}


def recompute(sample, catalog):
    words = Words(catalog)
    return figures_of(read_all(sample, words), words, periods())


def figures_of(facts, words, asked):
    """`asked`: periods as of periods(), of which only what stands knows days."""
    figures = Figures(words, asked)

    def where(table, **wanted):
        keep = {name: value if isinstance(value, tuple) else (value,) for name, value in wanted.items()}
        return [fact for fact in facts[table] if all(fact[name] in values for name, values in keep.items())]

    new = [fact for fact in facts["sites"] if fact["day"] >= PLAN_START]
    for indicator, kind, levels in (
            ("sites.course_schools", "课程教学示范校", None), ("sites.talent_schools", "拔尖人才培养基地校", None),
            ("sites.youth_academies", "少年科学院", None), ("sites.feature_schools", "科技教育特色学校", None),
            ("sites.studios_district", "名师工作室", ("区级",)), ("sites.studios_city", "名师工作室", ("市级", "省级", "国家级")),
            ("sites.bases_new", "科普基地", None), ("sites.greenway_scenes", "绿道科普场景", None),
            ("sites.community_scenes", "社区科普场景", None)):
        figures.standing(indicator, [f for f in new if f["kind"] == kind and (not levels or f["level"] in levels)], "id")

    contest = "科技创新大赛"
    figures.count("youth.activities", [fact for fact in facts["youth"] if fact["kind"] != contest])
    figures.count("youth.innovation_contests", where("youth", kind=contest))
    figures.sum("youth.attendances", facts["youth"], "attendances")

    schools = {entry["code"]: entry["area"] for entry in words.registers["schools"]}
    teachers = {entry["code"]: entry["area"] for entry in words.registers["science_teachers"]}
    for fact in facts["posts"]:
        fact["area"] = schools[fact["school"]]
    for fact in facts["teachers"]:
        fact["area"] = teachers[fact["teacher"]]
    vice, full_time = where("posts", post="科技副校长"), where("posts", post="科技教师", full_time=True)
    figures.standing("schools.vice_principals", vice, "id")
    figures.standing("schools.science_teachers", full_time, "id")
    figures.of_entries("schools.with_vice_principal", "schools", vice, "school", percent=False)
    figures.of_entries("schools.with_science_teacher", "schools", full_time, "school", percent=False)
    figures.count("teachers.training_sessions", where("sessions", kind="科技教师"))
    figures.count("teachers.training_attendances", facts["teachers"])
    trained = [fact for fact in facts["teachers"] if fact["day"] >= PLAN_START]
    figures.standing("teachers.trained", trained, "teacher")
    figures.of_entries("teachers.training_coverage", "science_teachers", trained, "teacher", percent=True)

    figures.distinct("workers.trained", where("attendances", kind="技能提升"), "person")
    figures.count("training.free_sessions", where("sessions", kind="免费技能"))
    figures.count("training.free_attendances", where("attendances", kind="免费技能"))
    figures.count("cadres.trained", where("attendances", kind="干部"))
    figures.distinct("training.persons", facts["attendances"], "person")
    figures.distinct("contests.trades", facts["contests"], "trade")
    figures.count("artisans.new", facts["artisans"])
    figures.count("exchanges.events", facts["exchanges"])

    for level, word, many in (("subdistrict", "街道", "subdistricts"), ("community", "社区", "communities")):
        covered = where("lifestyle", level=word)
        figures.standing(f"health.lifestyle_{level}_list", covered, "area")
        figures.of_entries(f"health.lifestyle_{many}", level, covered, "area", percent=True)
    figures.standing("volunteers.standing", facts["volunteers"], "person")
    figures.distinct("volunteers.active", facts["service"], "person")
    figures.sum("volunteers.hours", facts["service"], "hours", 100)
    figures.sum("media.views", facts["media"], "views")
    figures.latest("media.followers", facts["accounts"], "followers", ("account", "platform"), MAX_AGE_FOLLOWERS)
    figures.survey("literacy.rate", facts["literacy"], 70, (18, 69))
    figures.survey("health.literacy_rate", facts["health"], 53, (15, 69))
    return figures.out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sample", type=pathlib.Path, help="folder of the sources' folders")
    parser.add_argument("--catalog", type=pathlib.Path, default=CATALOG)
    options = parser.parse_args()
    json.dump(recompute(options.sample, options.catalog), sys.stdout, ensure_ascii=False, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
