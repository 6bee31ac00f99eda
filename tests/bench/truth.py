#!/usr/bin/env python3
"""Recomputes the figures of passages from their CSV files alone, by the rules as they are written down.

It shares no code with the generator or the daemon. Rules: files in order of their names, rows in their order; a row is
refused when it has another number of columns than the header, when event id, venue, direction or time is missing or
cannot be read, when the venue is unknown as code, name or alias, or when the time is more than ten years in the past
or more than one day after now; of the rows with one event id the last that is not refused counts. A visit is a
passage inwards. A visitor is a card, counted once in each figure; passages without a card have no visitor.
"""
import argparse
import csv
import datetime as dt
import io
import json
import pathlib
import re
import sys
import tomllib
import zoneinfo

COLUMNS = {
    "event_id": "id", "事件编号": "id", "venue": "venue", "场馆": "venue", "gate": "gate", "闸机": "gate",
    "direction": "direction", "方向": "direction", "ts": "time", "时间": "time", "card": "card", "卡号": "card",
}
WAYS = {"in": True, "进": True, "入": True, "out": False, "出": False}
INSTANT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)")
LOCAL = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)")


def decoded(raw):
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:].decode("utf-8")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def known_venues(path):
    """Every word for a venue -> (code, subdistrict, district)."""
    words = {}
    document = tomllib.loads(path.read_text("utf-8"))
    lists = [value for value in document.values() if isinstance(value, list) and value and "area" in value[0]]
    if len(lists) != 1:
        sys.exit(f"truth.py: {path} should hold one list of venues")
    for venue in lists[0]:
        place = venue["code"], venue["area"][:9], venue["area"][:6]
        names = venue["name"]
        for word in [venue["code"], *(names.values() if isinstance(names, dict) else [names]), *venue.get("aliases", [])]:
            words[word] = place
    return words


class Clock:
    def __init__(self, zone, now):
        self.zone = zoneinfo.ZoneInfo(zone)
        self.earliest = now - dt.timedelta(days=365.25 * 10)
        self.latest = now + dt.timedelta(days=1)

    def local_day(self, text):
        """The local day of a time that is acceptable, else None."""
        try:
            if match := INSTANT.fullmatch(text):
                instant = dt.datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
            elif match := LOCAL.fullmatch(text):
                instant = dt.datetime(*map(int, match.groups()), tzinfo=self.zone)
            else:
                return None
        except ValueError:
            return None
        return instant.astimezone(self.zone).date() if self.earliest <= instant <= self.latest else None


def read(path, venues, clock, facts, days):
    """Puts the file's facts into `facts`: id -> (is in, place, day, card). Returns (rows, refused)."""
    table = csv.reader(io.StringIO(decoded(path.read_bytes()), newline=""))
    header = next(table, None)
    if header is None:
        return 0, 0
    order = [COLUMNS[word] for word in header]
    at = {name: order.index(name) for name in order}
    rows = refused = 0
    for cells in table:
        if not cells:
            continue
        rows += 1
        if len(cells) != len(order):
            refused += 1
            continue
        text = cells[at["time"]]
        day = days.get(text, False)
        if day is False:
            day = days[text] = clock.local_day(text)
            if len(days) > 500_000:
                days.clear()
        key, place, way = cells[at["id"]], venues.get(cells[at["venue"]]), WAYS.get(cells[at["direction"]])
        if not key or place is None or way is None or day is None:
            refused += 1
            continue
        facts[key] = (way, place, day, cells[at["card"]])
    return rows, refused


def periods(day):
    """The period that holds the day, for each frequency."""
    week = day.isocalendar()
    return {
        "D": day.isoformat(), "W": f"{week.year}-W{week.week:02}", "M": f"{day.year}-{day.month:02}",
        "Q": f"{day.year}-Q{(day.month + 2) // 3}", "S": f"{day.year}-S{1 if day.month < 7 else 2}", "A": f"{day.year}",
    }


def figures(facts, frequencies):
    """figures[indicator][dimension][frequency][period][code] = value."""
    visits, cards = {}, {}
    of_day = {}
    for way, place, day, card in facts.values():
        if day not in of_day:
            of_day[day] = {f: p for f, p in periods(day).items() if f in frequencies}
        for frequency, period in of_day[day].items():
            for dimension, code in zip(("venue", "subdistrict", "district"), place):
                slot = (dimension, frequency, period, code)
                if way:
                    visits[slot] = visits.get(slot, 0) + 1
                if card:
                    cards.setdefault(slot, set()).add(card)
    result = {}
    for indicator, values in (("venue.visits", visits), ("venue.visitors", {k: len(v) for k, v in cards.items()})):
        for (dimension, frequency, period, code), value in values.items():
            by = result.setdefault(indicator, {}).setdefault(dimension, {}).setdefault(frequency, {})
            by.setdefault(period, {})[code] = value
    return result


def recompute(files, venues, zone="Asia/Shanghai", now=None, frequencies="DMA"):
    clock = Clock(zone, now or dt.datetime.now(dt.timezone.utc))
    words, facts, days, counted = known_venues(venues), {}, {}, [0, 0]
    for path in sorted(files, key=lambda path: path.name):
        for index, number in enumerate(read(path, words, clock, facts, days)):
            counted[index] += number
    return {"rows": counted[0], "refused": counted[1], "facts": len(facts), "figures": figures(facts, frequencies)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="folder of the CSV files")
    parser.add_argument("--venues", type=pathlib.Path, required=True, help="the register of venues (TOML)")
    parser.add_argument("--zone", default="Asia/Shanghai")
    parser.add_argument("--freq", default="DMA", help="frequencies, of D W M Q S A")
    parser.add_argument("--now", type=dt.datetime.fromisoformat, help="the moment of the judgement, with offset")
    options = parser.parse_args()
    answer = recompute(list(options.folder.glob("*.csv")), options.venues, options.zone, options.now, options.freq)
    json.dump(answer, sys.stdout, ensure_ascii=False, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
