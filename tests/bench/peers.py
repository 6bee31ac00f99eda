"""The peers: how each is had and how each takes a file of passages. What cannot be had raises Missing."""
import contextlib
import csv
import http.client
import json
import os
import shutil
import sqlite3
import subprocess
import time
import urllib.error
import urllib.parse

import measuring
from inputs import HERE, venue_codes
from measuring import Missing

TABLE = "CREATE TABLE passages(event_id TEXT PRIMARY KEY, venue TEXT, gate TEXT, direction TEXT, ts TEXT, card TEXT) WITHOUT ROWID"
AGGREGATE = "CREATE TABLE visits AS SELECT venue, substr(ts, 1, 10) AS day, count(*) AS n FROM passages WHERE direction = 'in' GROUP BY 1, 2"
NPM_PATIENCE = 600  # seconds; one of the packages may be compiled


def need(program):
    if not shutil.which(program):
        raise Missing(f"{program} is not installed")
    return program


def remove(store):
    for file in store.parent.glob(store.name + "*"):
        file.unlink()


def visits_of(store):
    with contextlib.closing(sqlite3.connect(store)) as db:
        return db.execute("SELECT venue, day, n FROM visits").fetchall()


def sqlite_import(store, file):
    remove(store)
    script = f"{TABLE};\n.mode csv\n.import --skip 1 {file} passages\n{AGGREGATE};\n"
    start = time.monotonic()
    subprocess.run([need("sqlite3"), store], input=script.encode(), stderr=subprocess.DEVNULL, check=False)
    return {"seconds": time.monotonic() - start, "visits": visits_of(store)}


def python_script(store, file):
    remove(store)
    start = time.monotonic()
    with open(file, newline="", encoding="utf-8") as lines, sqlite3.connect(store) as db:
        db.execute(TABLE)
        rows = csv.reader(lines)
        next(rows)
        db.executemany("INSERT OR REPLACE INTO passages VALUES(?,?,?,?,?,?)", (row for row in rows if len(row) == 6))
        db.execute(AGGREGATE)
    db.close()
    return {"seconds": time.monotonic() - start, "visits": visits_of(store)}


def bare(build, out, file):
    """The fixed program of this folder; its own clock, so that the start of a process does not count."""
    done = subprocess.run([build / "bench/bare", file, out, *venue_codes()], check=True, capture_output=True)
    result = json.loads(done.stdout)
    first = 20_088  # 31 December 2024, in days since 1970
    return result | {"seconds": result["all_s"], "visits": [(venue, measuring.day_text(first + number), n) for venue, number, n in result["visits"]]}


# --- Node -----------------------------------------------------------------------------------------------------------


def node_folder(build):
    """Where the packages of peers/package.json are, installed as its lock file says."""
    need("node"), need("npm")
    folder, lock = build / "bench/peers", (HERE / "peers/package-lock.json").read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    for file in (HERE / "peers").iterdir():
        shutil.copy(file, folder)
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_bytes() != lock:
        measuring.say("installing the peers that run on Node, once (npm)")
        try:
            done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, capture_output=True, text=True,
                                  timeout=NPM_PATIENCE, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise Missing(f"npm did not end within {NPM_PATIENCE} s") from None
        if done.returncode:
            raise Missing("npm cannot install it: " + (done.stderr.strip().splitlines() or ["no word why"])[0])
        stamp.write_bytes(lock)
    return folder


def node(build, script, *words):
    """What the script prints, a JSON document."""
    done = subprocess.run(["node", script, *words], cwd=node_folder(build), capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"{script}: " + (done.stderr.strip().splitlines() or ["no word why"])[-1])
    return json.loads(done.stdout)


def duckdb(build, mode, store, file):
    remove(store)
    return node(build, "duckdb.mjs", mode, file, store)


# --- VictoriaMetrics ------------------------------------------------------------------------------------------------


class Victoria:
    """victoria-metrics on a fresh folder, its caches off."""

    def __init__(self, folder):
        need("victoria-metrics")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.port, self.log = measuring.free_port(), folder / "log"
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                ["victoria-metrics", f"-httpListenAddr=127.0.0.1:{self.port}", f"-storageDataPath={folder / 'data'}", "-retentionPeriod=100y",
                 "-search.disableCache", "-search.latencyOffset=0s", "-selfScrapeInterval=0s"], stdout=out, stderr=out)
        measuring.wait_until("victoria-metrics listens", self.is_up, show=self.log.read_text)

    def is_up(self):
        try:
            return self.get("/health") == b"OK"
        except (urllib.error.URLError, ConnectionError):
            return False

    def get(self, target):
        return measuring.get(self.port, target)

    def post(self, target, file):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        with contextlib.closing(connection), open(file, "rb", buffering=1 << 20) as body:
            connection.request("POST", target, body, {"Content-Length": str(os.path.getsize(file))})
            answer = connection.getresponse()
            if answer.status != 204:
                raise Missing(f"VictoriaMetrics answered {answer.status}: {answer.read()[:200]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        measuring.stop(self.process)


def victoria_question(query, first, last, fields="&nocache=1"):
    """Daily figures from first to last (inclusive, days since 1970): each window ends with the last millisecond of its
    local day, since it is open at its left."""
    at = [f"{day * 86_400 - 8 * 3600 - 1}.999" for day in (first + 1, last + 1)]
    return f"/api/v1/query_range?query={urllib.parse.quote(query)}&start={at[0]}&end={at[1]}&step=1d{fields}"


PASSAGES_A_DAY = 'sum(count_over_time(passages{direction="in"}[1d])) by (venue)'


def daily(answer):
    """Triples of venue, day and number of what query_range answered."""
    for series in json.loads(answer)["data"]["result"]:
        for at, n in series["values"]:
            yield series["metric"]["venue"], measuring.day_text((at + 8 * 3600) // 86_400), int(n)


def victoria_inputs(passages):
    """What it imports, the rules already applied: a line a passage (Prometheus text), and series by series (JSON)."""
    lines, grouped = passages.folder / "victoria-lines.txt", passages.folder / "victoria-grouped.jsonl"
    if not grouped.exists():
        measuring.say("converting the passages for VictoriaMetrics, once")
        series = {}
        with open(lines, "w") as out:
            for venue, gate, way, at in passages.facts():
                out.write(f'passages{{venue="{venue}",gate="{gate}",direction="{way}"}} 1 {at}\n')
                series.setdefault((venue, gate, way), []).append(at)
        with open(grouped, "w") as out:
            for (venue, gate, way), times in series.items():
                for at in range(0, len(times), 5000):
                    some = times[at:at + 5000]
                    metric = {"__name__": "passages", "venue": venue, "gate": gate, "direction": way}
                    out.write(json.dumps({"metric": metric, "values": [1] * len(some), "timestamps": some}, separators=(",", ":")) + "\n")
    return {"/api/v1/import/prometheus": lines, "/api/v1/import": grouped}


def victoria_import(folder, target, file):
    """Until it can be asked for; it is not on disk then."""
    with Victoria(folder) as peer:
        start = time.monotonic()
        peer.post(target, file)
        peer.get("/internal/force_flush")
        seconds = time.monotonic() - start
        return {"seconds": seconds, "visits": list(daily(peer.get(victoria_question(PASSAGES_A_DAY, 20_088, 20_455))))}
