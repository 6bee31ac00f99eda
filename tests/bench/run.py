#!/usr/bin/env python3
"""Ingest of one file, side by side in one run: kepud (CSV to durable figures), `sqlite3 .import` into a keyed table with
the same aggregate, and a Python csv + sqlite3 script. Medians of the rounds; peak memory of daemon plus worker."""
import argparse
import csv
import hashlib
import json
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = "CREATE TABLE passages(event_id TEXT PRIMARY KEY, venue TEXT, gate TEXT, direction TEXT, ts TEXT, card TEXT) WITHOUT ROWID"
AGGREGATE = "CREATE TABLE visits AS SELECT venue, substr(ts, 1, 10) AS day, count(*) AS n FROM passages WHERE direction = 'in' GROUP BY 1, 2"


def peak_kib(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def kepud(build, work, file):
    """Seconds from the run's start to its recorded end, peak KiB of daemon and worker, idle KiB."""
    shutil.rmtree(work, ignore_errors=True)
    (work / "sources.d").mkdir(parents=True)
    (work / "in").mkdir()
    (work / "in" / file.name).hardlink_to(file)
    (work / "person.key").write_text(hashlib.sha256(b"for this benchmark alone").hexdigest())
    (work / "person.key").chmod(0o600)
    (work / "kepud.toml").write_text(
        f'state_dir = "state"\nconnector_dirs = ["{build}/lib/kepu/connectors"]\ncatalog_dir = "{ROOT}/config/catalog"\n'
        'sources_dir = "sources.d"\ntime_zone = "Asia/Shanghai"\n[http]\nlisten = "127.0.0.1:0"\n[persons]\nkey_file = "person.key"\n')
    (work / "sources.d/gates.toml").write_text(f'connector = "venue_turnstile"\nevery = "1h"\n[settings]\nfolder = "{work}/in"\nsettle = "1ms"\n')
    log = work / "log"
    with open(log, "wb") as out:
        process = subprocess.Popen([build / "bin/kepud", "--config", work / "kepud.toml"], stderr=out)
    port, worker = 0, 0
    try:
        while True:
            if process.poll() is not None:
                sys.exit("kepud ended:\n" + log.read_text())
            if not port:
                port = next((int(line.split(" listens on ")[1].split(":")[1].split()[0]) for line in log.read_text().splitlines()
                             if " listens on " in line), 0)
                continue
            children = pathlib.Path(f"/proc/{process.pid}/task").glob("*/children")
            worker = max([worker] + [peak_kib(child) for path in children for child in path.read_text().split()])
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/runs", timeout=60) as answer:
                runs = json.load(answer)["data"]
            if runs and runs[0]["ended"]:
                break
            time.sleep(0.02)
        run = runs[0]
        if run["status"] != "ok" or run["inserted"] == 0:
            sys.exit(f"the run went wrong: {run}")
        stamp = lambda text: time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) + float("0" + text[19:-6] or 0)
        return stamp(run["ended"]) - stamp(run["started"]), peak_kib(process.pid) + worker, (work / "state/kepu.db").stat().st_size
    finally:
        process.terminate()
        process.wait()


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
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path, help="write the figures there")
    options = parser.parse_args()
    build = options.build.resolve()
    work = build / "bench"
    folder = work / f"plain-{options.rows}"
    if not folder.exists():
        subprocess.run([sys.executable, ROOT / "tests/bench/generate.py", "--plain", "--rows", str(options.rows), "--out", folder], check=True)
    file = next(folder.glob("*.csv"))
    ours, imports, scripts, memory, size = [], [], [], 0, 0
    for _ in range(options.rounds):
        seconds, peak, size = kepud(build, work / "kepud", file)
        ours.append(seconds)
        memory = max(memory, peak)
        imports.append(sqlite_import(work / "import.db", file))
        scripts.append(python_script(work / "script.db", file))
    result = {
        "rows": options.rows, "rounds": options.rounds, "kepud_s": statistics.median(ours), "sqlite_import_s": statistics.median(imports),
        "python_s": statistics.median(scripts), "peak_mib": memory / 1024, "store_bytes_per_row": size / options.rows,
    }
    result["times_faster_than_import"] = result["sqlite_import_s"] / result["kepud_s"]
    result["times_faster_than_python"] = result["python_s"] / result["kepud_s"]
    for name, value in result.items():
        print(f"{name:26} {value:,.2f}" if isinstance(value, float) else f"{name:26} {value:,}")
    (options.json or work / "result.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
