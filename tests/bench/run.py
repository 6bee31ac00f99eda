#!/usr/bin/env python3
"""Measures what README promises, side by side with peers in one run, holds it against its goals, and tells it as one
table and as JSON. Every candidate's answers are compared with the truth."""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import sys

import answers
import five_million
import goals
import ingest
import load
import measuring
import readme
import worker
from inputs import Passages

MEASURED_BY = {"ingest": ingest.measure, "size": ingest.measure_sizes, "answers": answers.measure,
               "five-million": five_million.measure, "load": load.measure, "worker": worker.measure}
QUICK = ("ingest", "answers")
FEWEST_ROWS = 1_000


class Bench:
    """One run: where things lie, what was asked for, what was found."""

    def __init__(self, options):
        self.build, self.quick, self.large, self.rows = options.build.resolve(), options.quick, options.large, options.rows
        self.work = self.build / "bench"
        self.rounds = 3 if self.quick else 5  # of candidates that take less than measuring.SHORT
        self.figures, self.made = {}, {}

    def passages(self, rows):
        if rows not in self.made:
            self.made[rows] = Passages(self.work, rows)
        return self.made[rows]

    def put(self, name, value, note=""):
        self.figures[name] = {"value": value, "note": note}

    def failed(self, group):
        """Measures the group; true: it did not get to its end, and its rows that are missing say so."""
        try:
            MEASURED_BY[group](self)
            return False
        except (SystemExit, measuring.Missing) as why:
            measuring.say(f"{group}: {why}")
            for goal in goals.GOALS[group]:
                self.figures.setdefault(goal.name, {"missing": "the group failed: " + (str(why).splitlines() or ["no word why"])[0]})
            return True

    def miss(self, name, why):
        self.figures[name] = {"missing": str(why)}


def machine():
    cpu = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    kib = re.search(r"^MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text(), re.M)
    return {"cores": os.cpu_count(), "cpu": cpu[1] if cpu else platform.machine(), "kernel": ".".join(platform.release().split(".")[:2]),
            "memory_gb": round(int(kib[1]) / 1e6)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=measuring.ROOT / "build")
    parser.add_argument("--rows", type=int, default=ingest.ROWS, help="of the first file")
    parser.add_argument("--quick", action="store_true", help="ingest and answers alone, against sqlite3, Python and programs of this folder")
    parser.add_argument("--large", action="store_true", help="20 M rows too")
    parser.add_argument("--only", choices=goals.GROUPS, help="one group of figures")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md and README.zh-CN.md")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures there")
    options = parser.parse_args()
    if options.readme and (options.only or options.quick or options.rows != ingest.ROWS):
        parser.error("--readme wants all figures, of the usual file")
    if options.rows < FEWEST_ROWS:
        parser.error(f"--rows {options.rows}: below {FEWEST_ROWS:,} rows there is nothing to measure")
    if options.json and not options.json.resolve().parent.is_dir():
        parser.error(f"--json {options.json}: there is no folder {options.json.resolve().parent}; make it first")
    bench = Bench(options)
    bench.work.mkdir(parents=True, exist_ok=True)
    failures = 0
    groups = [options.only] if options.only else QUICK if options.quick else goals.GROUPS
    for number, group in enumerate(groups, 1):
        measuring.say(f"{group}, {number} of {len(groups)}")
        failures += bench.failed(group)
    rows = goals.judge(bench.figures)
    print(goals.plain(rows))
    if bench.rows != ingest.ROWS:
        print(f"\"1 M passages\" are {bench.rows:,} in this run")
    judged = [row for row in rows if row["reached"] is not None]
    print(f"{sum(row['reached'] for row in judged)} of {len(judged)} goals reached")
    result = {"date": datetime.date.today().isoformat(), "machine": machine(), "rows": rows}
    usual = f"result{'-' + options.only if options.only else '-quick' if options.quick else ''}.json"
    (options.json or bench.work / usual).write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    if options.readme:
        readme.write(result)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
