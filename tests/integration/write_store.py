#!/usr/bin/env python3
"""Writes a store of this version with something of everything in it, and what is answered of it, for later versions to open
(see earlier_store.py): run by hand when the store's version rises. All rows are made up."""
import argparse
import json
import lzma
import pathlib
import subprocess
import sys
import tempfile

from hub import ROOT, Hub, wait_until

FORMATS = ROOT / "tests/data/formats"
HEADER = "event_id,venue,gate,direction,ts,card\n"


def rows_of(month, count, shift=0):
    return [f"m{month}-{i},V{1 + (i + shift) % 3:02d},g1,{'in' if i % 4 else 'out'},2026-{month:02d}-{1 + i % 27:02d}T"
            f"{8 + i % 9:02d}:00:00+08:00,A{i % 11:03d}\n" for i in range(count)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_write_") as name, Hub(build, pathlib.Path(name)) as hub:
        passages = hub.add_gates(every="1h", commit_rows=15)

        def kepuctl(*words, given="", code=0):
            answer = subprocess.run([build / "bin/kepuctl", "--config", hub.config, *words], capture_output=True, text=True,
                                    input=given, timeout=60)
            if answer.returncode != code:
                sys.exit(f"kepuctl {words} ended with {answer.returncode}:\n{answer.stdout}{answer.stderr}")
            return answer.stdout

        def write(file, lines):
            fresh = passages / ".fresh"
            fresh.write_text(HEADER + "".join(lines))
            fresh.rename(passages / file)

        def read():
            kepuctl("run", "gates")
            return max(run["run"] for run in hub.ask("/api/v1/runs")["data"])

        for month in (1, 2, 3):
            write(f"{month:02d}.csv", rows_of(month, 40))
        hub.start()
        wait_until("the first run has ended", lambda: (hub.sources()["gates"]["last_run"] or {}).get("status") == "ok")
        kepuctl("label", "first report")
        write("02.csv", rows_of(2, 44, shift=1))
        read()
        write("03-again.csv", rows_of(3, 20))
        read()
        write("wrong.csv", rows_of(3, 12, shift=2) + rows_of(4, 5))
        kepuctl("withdraw", "run", str(read()), "--yes")
        write("03.csv", rows_of(3, 30))
        kepuctl("backfill", "gates", "--from", "2026-03", "--to", "2026-03")
        kepuctl("label", "second report")
        kepuctl("erase-person", "--scheme", "account:turnstile", "--yes", given="A003\n")
        kepuctl("retention", "gates", "--before", "2026-02-01", "--yes")
        kepuctl("compact")
        write("05.csv", rows_of(5, 6) + ["x1,V99,g1,in,2026-05-02T09:00:00+08:00,A001\n"] + rows_of(1, 2))
        read()
        kepuctl("verify")

        observations = "/api/v1/observations?indicator="
        paths = [observations + question + when for question in (
            "venue.visits&freq=D&by=venue&columns=n,flags", "venue.visits&freq=M", "venue.visitors&freq=A&by=subdistrict",
            "venue.visitors&freq=M&by=venue&columns=flags")
            for when in ("", "&from=2026-02&as_of=label:first%20report" if "freq=M" in question else "")]
        paths += [observations + "venue.visits&freq=M&as_of=label:second%20report",
                  "/api/v1/history?indicator=venue.visits&period=2026-03", "/api/v1/history?indicator=venue.visitors&period=2026-02",
                  "/api/v1/explain?indicator=venue.visits&period=2026-03-03", "/api/v1/commits", "/api/v1/rejects"]
        answers = {path: hub.ask(path)["data"] for path in dict.fromkeys(paths)}
        if any(not rows for rows in answers.values()):
            sys.exit(f"nothing is told: {[path for path, rows in answers.items() if not rows]}")
        hub.stop()
        store = hub.folder / "state/kepu.db"
        with open(store, "rb") as file:
            file.seek(60)  # PRAGMA user_version
            version = int.from_bytes(file.read(4), "big")
        (FORMATS / f"store-{version}.db.xz").write_bytes(lzma.compress(store.read_bytes(), preset=9))
        (FORMATS / f"store-{version}.answers.json").write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n")
        print(f"store-{version}.db.xz, {len(answers)} answers")


if __name__ == "__main__":
    main()
