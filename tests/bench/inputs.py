"""The files that are read, made once, and the truth of them."""
import csv
import datetime
import hashlib
import json
import shutil
import subprocess
import sys

import measuring
import truth

VENUES = measuring.ROOT / "config/catalog/registers/venues.toml"
HERE = measuring.ROOT / "tests/bench"


class Passages:
    """One plain CSV file of so many rows."""

    def __init__(self, work, rows):
        self.rows, self.folder = rows, work / f"plain-{rows}"
        made_by = hashlib.sha256(b"".join(path.read_bytes() for path in (HERE / "generate.py", HERE / "truth.py", VENUES))).hexdigest()
        stamp = self.folder / "made-by"
        if not stamp.exists() or stamp.read_text() != made_by:
            measuring.say(f"making {rows:,} passages, once")
            shutil.rmtree(self.folder, ignore_errors=True)
            subprocess.run([sys.executable, HERE / "generate.py", "--plain", "--rows", str(rows), "--out", self.folder],
                           check=True, stdout=subprocess.DEVNULL)
            stamp.write_text(made_by)
        self.file = next(self.folder.glob("*.csv"))

    def truth(self):
        """As tests/bench/truth.py tells it."""
        kept = self.folder / "truth.json"
        if not kept.exists():
            measuring.say(f"recomputing the figures of {self.rows:,} passages, once")
            kept.write_text(json.dumps(truth.recompute([self.file], VENUES)))
        return json.loads(kept.read_text())

    def settled(self):
        """The same without rows that a later one gives another content: told again, no row of it changes."""
        path = self.folder / "settled/passages-2025.csv"
        if not path.exists():
            head, *lines = self.file.read_bytes().splitlines(keepends=True)
            last = {line.partition(b",")[0]: number for number, line in enumerate(lines)}
            path.parent.mkdir()
            path.write_bytes(head + b"".join(line for number, line in enumerate(lines) if last[line.partition(b",")[0]] == number))
        return path

    def visits(self):
        """True daily visits: (venue, day) -> number."""
        by_day = self.truth()["figures"]["venue.visits"]["venue"]["D"]
        return {(venue, day): n for day, venues in by_day.items() for venue, n in venues.items()}

    def facts(self):
        """(venue, gate, direction, milliseconds) of the rows that count, in order of their first coming."""
        codes = {venue for venue, *_ in truth.known_venues(VENUES).values()}
        zone, last = datetime.timezone(datetime.timedelta(hours=8)), {}
        with open(self.file, newline="", encoding="utf-8") as lines:
            for cells in csv.reader(lines):
                if len(cells) != 6 or not cells[0] or cells[1] not in codes or cells[3] not in ("in", "out") or cells[4][:3] != "202":
                    continue
                try:
                    at = datetime.datetime.fromisoformat(cells[4]).replace(tzinfo=zone)
                except ValueError:
                    continue
                last[cells[0]] = (cells[1], cells[2], cells[3], int(at.timestamp() * 1000))
        return last.values()


def venue_codes():
    return sorted({venue for venue, *_ in truth.known_venues(VENUES).values()})


def differing(visits, true):
    """How many daily figures of a candidate are not the true ones. `visits`: triples of venue, day and number; those of
    venues that nobody knows are left out."""
    known = {venue for venue, _ in true}
    got = {(venue, day): n for venue, day, n in visits if venue in known}
    return sum(got.get(key) != true.get(key) for key in got.keys() | true.keys())
