#!/usr/bin/env python3
"""Makes sample passages through the gates of the sample venues: made up, no real person or visit.

The same seed, rows and venues give the same bytes. Twelve files, one a month, named so that their order is the
order of their delivery. What is in them on purpose:
  - opening hours, closed Mondays, holidays, three nights that end after midnight
  - rows up to one hour out of order
  - 2 % repeated event ids: half of them the same row again, half with changed content (the later row counts),
    some of them weeks later, in another month's file
  - 0.1 % rows that no one can use, of every kind in MALFORMED
  - January has a byte-order mark, February and August write RFC 3339 in UTC, March and September with +08:00,
    June is GBK with a Chinese header, CRLF, and names and aliases of venues for their codes
--plain makes one file in UTF-8 with local times, for programs that read nothing else.
"""
import argparse
import datetime
import itertools
import pathlib
import random
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENUES = ROOT / "config/catalog/registers/venues.toml"
YEAR = 2025
GATES = 4
CARDS = 200_000
REPEATED = 0.02
MALFORMED_SHARE = 0.001
NO_CARD = 0.12  # paper tickets
LATE_SHARE = 0.05  # rows that a gate sends late, up to one hour
EPOCH = datetime.date(1970, 1, 1)
DAY = 86_400
CLOCK = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(DAY)]
HEADER = "event_id,venue,gate,direction,ts,card"
HEADER_ZH = "事件编号,场馆,闸机,方向,时间,卡号"


def span(first, last):
    """Days of YEAR from (month, day) to (month, day), inclusive."""
    day, end = datetime.date(YEAR, *first), datetime.date(YEAR, *last)
    while day <= end:
        yield day
        day += datetime.timedelta(days=1)


HOLIDAYS = set(
    itertools.chain(
        span((1, 1), (1, 1)), span((1, 28), (2, 4)), span((4, 4), (4, 6)), span((5, 1), (5, 5)),
        span((5, 31), (6, 2)), span((10, 1), (10, 8)),
    )
)
CLOSED = set(span((1, 28), (1, 29)))  # New Year's eve and day
NIGHTS = {datetime.date(YEAR, 5, 24), datetime.date(YEAR, 9, 20), datetime.date(YEAR, 12, 31)}


def busyness(day):
    """How many come on that day, against a plain working day; 0 when closed."""
    if day in CLOSED or (day.weekday() == 0 and day not in HOLIDAYS and day not in NIGHTS):
        return 0.0
    if day in HOLIDAYS:
        return 3.0
    busy = 2.2 if day.weekday() >= 5 else 1.0
    return busy * 1.6 if datetime.date(YEAR, 7, 5) <= day <= datetime.date(YEAR, 8, 31) else busy


def opening(venue, day):
    """Seconds of the local day from and until which people come in."""
    if day in NIGHTS:
        return 18 * 3600, 24 * 3600 + 900
    start = (9, 9, 10)[venue % 3] * 3600
    end = (17, 18, 20)[venue % 3] * 3600
    return (start, end + 3600) if 5 <= day.month <= 9 else (start, end)


def read_venues(path):
    """(code, [name, alias, …]) of every venue, in order of code."""
    with open(path, "rb") as file:
        tables = next(value for value in tomllib.load(file).values() if isinstance(value, list))
    venues = []
    for entry in tables:
        name = entry["name"]
        words = [name["zh"] if isinstance(name, dict) else name, *entry.get("aliases", [])]
        venues.append((entry["code"], [w for w in words if is_gbk(w) and "," not in w]))
    venues.sort()
    return venues


def is_gbk(word):
    try:
        word.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def split(total, weights):
    """Whole numbers in proportion to the weights that add up to total."""
    whole, done, given = sum(weights), 0.0, 0
    for weight in weights:
        done += weight
        share = round(total * done / whole) - given
        given += share
        yield share


# --- rows: [delivered, event id, venue's number, gate, is in, local seconds since 1970, card] -----------------------


class Passages:
    def __init__(self, rng, venues, rows):
        self.rng = rng
        self.venues = venues
        self.cards = max(50, min(CARDS, rows // 5))
        self.counter = [0] * (len(venues) * GATES)

    def of_day(self, day, venue, count):
        """`count` passages: pairs of in and out, and one who was not seen leaving when it is odd."""
        rng = self.rng
        uniform = rng.random
        start, end = opening(venue, day)
        midnight = (day - EPOCH).days * DAY
        for index in range(0, count, 2):
            # Some come often: the square draws low numbers more than high ones.
            card = "" if uniform() < NO_CARD else f"SC{int(self.cards * uniform() ** 2):07}"
            enter = midnight + start + int((end - start) * (uniform() + uniform()) / 2)
            yield self.row(venue, True, enter, card)
            if index + 1 < count:
                yield self.row(venue, False, enter + 600 + int(7200 * uniform()), card)

    def row(self, venue, is_in, at, card):
        uniform = self.rng.random
        gate = int(GATES * uniform())
        slot = venue * GATES + gate
        self.counter[slot] += 1
        event = f"{self.venues[venue][0]}G{gate + 1}-{self.counter[slot]:07}"
        delay = 3600 * uniform() if uniform() < LATE_SHARE else 5 * uniform()
        return [at + delay, event, venue, gate + 1, is_in, at, card]

    def again(self, row, changed):
        """The row once more, later; `changed` as a gate corrects itself."""
        rng = self.rng
        later = rng.uniform(1, 3600) if rng.random() < 0.8 else rng.uniform(DAY, 45 * DAY)
        copy = list(row)
        copy[0] += later
        if changed:
            kind = rng.randrange(5)
            if kind == 0:
                copy[4] = not copy[4]
            elif kind == 1:
                copy[5] -= rng.randrange(1, 1800)
            elif kind == 2:
                copy[5] -= DAY  # the gate's clock was a day ahead
            elif kind == 3:
                copy[6] = "" if copy[6] else f"SC{rng.randrange(self.cards):07}"
            else:
                copy[2] = rng.randrange(len(self.venues))
        return copy


# --- text -----------------------------------------------------------------------------------------------------------


def local_text(at):
    return f"{day_text(at // DAY)} {CLOCK[at % DAY]}"


def offset_text(at):
    return f"{day_text(at // DAY)}T{CLOCK[at % DAY]}+08:00"


def utc_text(at):
    at -= 8 * 3600
    return f"{day_text(at // DAY)}T{CLOCK[at % DAY]}Z"


DAY_TEXTS = {}


def day_text(number):
    text = DAY_TEXTS.get(number)
    if text is None:
        text = DAY_TEXTS[number] = (EPOCH + datetime.timedelta(days=number)).isoformat()
    return text


MALFORMED = {
    "time that does not exist": lambda f: [*f[:4], "2025-02-30 10:00:00", f[5]],
    "time out of range": lambda f: [*f[:4], "2025-13-05 25:61:00", f[5]],
    "words for a time": lambda f: [*f[:4], "yesterday", f[5]],
    "no time": lambda f: [*f[:4], "", f[5]],
    "a column too few": lambda f: f[:5],
    "two columns": lambda f: f[:2],
    "a column too many": lambda f: [*f, "x"],
    "no venue": lambda f: [f[0], "", *f[2:]],
    "unknown venue": lambda f: [f[0], "V99", *f[2:]],
    "nearly a venue": lambda f: [f[0], f[1] + "X", *f[2:]],
    "unknown direction": lambda f: [*f[:3], "sideways", *f[4:]],
    "no direction": lambda f: [*f[:3], "", *f[4:]],
    "no event id": lambda f: ["", *f[1:]],
    "far future": lambda f: [*f[:4], "2099-01-01 10:00:00", f[5]],
    "far past": lambda f: [*f[:4], "2001-01-01 10:00:00", f[5]],
}


class Writer:
    """Writes one file; knows how that file says things."""

    def __init__(self, path, venues, rng, month, plain):
        self.venues = venues
        self.rng = rng
        self.chinese = month == 6 and not plain
        self.time = local_text
        if not plain:
            self.time = {2: utc_text, 8: utc_text, 3: offset_text, 9: offset_text}.get(month, local_text)
        encoding = "gbk" if self.chinese else "utf-8-sig" if month == 1 and not plain else "utf-8"
        self.file = open(path, "w", encoding=encoding, newline="\r\n" if self.chinese else "\n")
        self.file.write((HEADER_ZH if self.chinese else HEADER) + "\n")

    def fields(self, row):
        _, event, venue, gate, is_in, at, card = row
        if self.chinese:
            words = self.venues[venue][1]
            name = words[int(len(words) * self.rng.random())] if words else self.venues[venue][0]
            way = ("进" if at & 1 else "入") if is_in else "出"
            return [event, f'"{name}"' if at % 5 == 0 else name, str(gate), way, self.time(at), card]
        return [event, self.venues[venue][0], str(gate), "in" if is_in else "out", self.time(at), card]

    def write(self, rows, broken):
        """`broken`: number of a row among rows -> kind; such a row is written malformed instead."""
        put, fields = self.file.write, self.fields
        for number, row in enumerate(rows):
            if number in broken:
                put(",".join(MALFORMED[broken[number]]([f.strip('"') for f in fields(row)])) + "\n")
            else:
                put(",".join(fields(row)) + "\n")

    def close(self):
        self.file.close()


# --- the year -------------------------------------------------------------------------------------------------------


def generate(out, rows, seed, venues, plain):
    rng = random.Random(seed)
    out.mkdir(parents=True, exist_ok=True)
    days = list(span((1, 1), (12, 31)))
    repeats_in_all = round(rows * REPEATED)
    malformed_in_all = round(rows * MALFORMED_SHARE)
    base = rows - repeats_in_all - malformed_in_all
    of_day = dict(zip(days, split(base, [busyness(day) for day in days])))
    months = [[day for day in days if day.month == month] for month in range(1, 13)]
    month_weights = [sum(of_day[day] for day in month) for month in months]
    repeats = list(split(repeats_in_all, month_weights))
    malformed = list(split(malformed_in_all, month_weights))
    popularity = [1.0 / (2 + rank) ** 0.7 for rank in range(len(venues))]
    rng.shuffle(popularity)

    passages = Passages(rng, venues, rows)
    kinds = itertools.cycle(MALFORMED)
    waiting = []  # repeats that come in a later month
    writer = None
    for month, its_days in enumerate(months, start=1):
        fresh = []
        for day in its_days:
            for venue, count in enumerate(split(of_day[day], popularity)):
                fresh.extend(passages.of_day(day, venue, count))
        picked = rng.sample(range(len(fresh)), min(len(fresh), repeats[month - 1]))
        again = [passages.again(fresh[index], changed=bool(n & 1)) for n, index in enumerate(picked)]
        # Malformed rows come on top; half of them carry the event id of a good row, which must stay as it was.
        spoiled = []
        for number in range(malformed[month - 1]):
            row = list(rng.choice(fresh)) if fresh else None
            if row is None:
                break
            row[0] += rng.uniform(0, 60)
            if number & 1:
                row[1] += "-B"
            spoiled.append((row, next(kinds)))
        end = ((its_days[-1] - EPOCH).days + 1) * DAY + 4 * 3600
        here = [row for row in waiting + again if row[0] < end or month == 12]
        waiting = [row for row in waiting + again if row[0] >= end and month != 12]
        mixed = [(row[0], number, row, None) for number, row in enumerate(itertools.chain(fresh, here))]
        mixed += [(row[0], len(mixed) + number, row, kind) for number, (row, kind) in enumerate(spoiled)]
        mixed.sort(key=lambda item: item[:2])
        broken = {number: item[3] for number, item in enumerate(mixed) if item[3]}
        if writer is None or not plain:
            name = f"passages-{YEAR}.csv" if plain else f"passages-{YEAR}-{month:02}.csv"
            writer = Writer(out / name, venues, rng, month, plain)
        writer.write((item[2] for item in mixed), broken)
        if not plain:
            writer.close()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description="Makes sample passages (CSV).", epilog=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the files")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=20250305)
    parser.add_argument("--venues", type=pathlib.Path, default=VENUES)
    parser.add_argument("--plain", action="store_true", help="one file, UTF-8, local times")
    options = parser.parse_args()
    if options.rows < 1:
        sys.exit("generate.py: --rows must be at least 1")
    generate(options.out, options.rows, options.seed, read_venues(options.venues), options.plain)
    print(f"{options.rows} rows in {options.out}")


if __name__ == "__main__":
    main()
