#!/usr/bin/env python3
"""Ingest of one file, side by side in one run: kepud (CSV to durable figures), `sqlite3 .import` into a keyed table with
the same aggregate, and a Python csv + sqlite3 script. Medians of the rounds; peak memory of daemon plus worker."""
import argparse
import csv
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import time

import answers
import measuring

TABLE = "CREATE TABLE passages(event_id TEXT PRIMARY KEY, venue TEXT, gate TEXT, direction TEXT, ts TEXT, card TEXT) WITHOUT ROWID"
AGGREGATE = "CREATE TABLE visits AS SELECT venue, substr(ts, 1, 10) AS day, count(*) AS n FROM passages WHERE direction = 'in' GROUP BY 1, 2"


def kepud(build, work, file):
    """Seconds from the run's start to its recorded end, peak KiB of daemon and worker, MiB afterwards, bytes of the store."""
    hub = measuring.start_kepud(build, work, [file])
    worker = 0

    def watch_worker():
        nonlocal worker
        children = pathlib.Path(f"/proc/{hub.process.pid}/task").glob("*/children")
        worker = max([worker] + [measuring.memory_kib(child, "VmHWM") for path in children for child in path.read_text().split()])

    try:
        run = measuring.wait_for_run(hub, watch_worker)
        stamp = lambda text: time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) + float("0" + text[19:-6] or 0)
        peak = measuring.memory_kib(hub.process.pid, "VmHWM") + worker
        return stamp(run["ended"]) - stamp(run["started"]), peak, measuring.idle_mib(hub), (work / "state/kepu.db").stat().st_size
    finally:
        hub.stop()


def sqlite_import(work, file):
    work.unlink(missing_ok=True)
    script = f"{TABLE};\n.mode csv\n.import --skip 1 {file} passages\n{AGGREGATE};\n"
    start = time.monotonic()
    subprocess.run(["sqlite3", work], input=script.encode(), stderr=subprocess.DEVNULL, check=False)
    return time.monotonic() - start


def python_script(work, file):
    work.unlink(missing_ok=True)
    start = time.monotonic()
    with open(file, newline="", encoding="utf-8") as lines, sqlite3.connect(work) as db:
        db.execute(TABLE)
        rows = csv.reader(lines)
        next(rows)
        db.executemany("INSERT OR REPLACE INTO passages VALUES(?,?,?,?,?,?)", (row for row in rows if len(row) == 6))
        db.execute(AGGREGATE)
    db.close()
    return time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=measuring.ROOT / "build")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-answers", action="store_true", help="ingest and memory alone")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures there")
    options = parser.parse_args()
    build = options.build.resolve()
    work = build / "bench"
    folder = work / f"plain-{options.rows}"
    if not folder.exists():
        subprocess.run([sys.executable, measuring.ROOT / "tests/bench/generate.py", "--plain", "--rows", str(options.rows), "--out", folder], check=True)
    file = next(folder.glob("*.csv"))
    ours, imports, scripts, memory, idle, size = [], [], [], 0, [], 0
    for _ in range(options.rounds):
        seconds, peak, after, size = kepud(build, work / "kepud", file)
        ours.append(seconds)
        idle.append(after)
        memory = max(memory, peak)
        imports.append(sqlite_import(work / "import.db", file))
        scripts.append(python_script(work / "script.db", file))
    result = {
        "rows": options.rows, "rounds": options.rounds, "kepud_s": statistics.median(ours), "sqlite_import_s": statistics.median(imports),
        "python_s": statistics.median(scripts), "peak_mib": memory / 1024, "idle_mib": statistics.median(idle), "store_bytes_per_row": size / options.rows,
    }
    result["times_faster_than_import"] = result["sqlite_import_s"] / result["kepud_s"]
    result["times_faster_than_python"] = result["python_s"] / result["kepud_s"]
    if not options.no_answers:
        result |= answers.measure(build, work / "answers", options.rounds, 4)
    measuring.report(result, options.json or work / "result.json")


if __name__ == "__main__":
    main()
