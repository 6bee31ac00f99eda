"""Many small parts at once, and questions while rows come in."""
import json
import os
import shutil
import threading
import time
import zlib

import asking
import measuring
import truth
from inputs import VENUES
from measuring import median, side_by_side

SOURCES = tuple(f"gates-{number}" for number in range(8))
PART_ROWS = 100
SMALL_ROWS = 400_000  # 4,000 parts
RATE, TICK = 200_000, 0.1  # rows a second, and seconds between two files
SECONDS, ROUNDS = 2, 5  # of questions
# Four shapes of questions in turn, twelve ranges of each; the limit, which none reaches, makes every target a new one.
MIXED = """({
  "/api/v1/observations?indicator=venue.visits&freq=M&by=subdistrict&from=2025-%02d&limit=%d",
  "/api/v1/observations?indicator=venue.visits&freq=D&from=2025-%02d-05&to=2025-12-20&limit=%d",
  "/api/v1/observations?indicator=venue.visitors&freq=M&by=district&from=2025-%02d&limit=%d",
  "/api/v1/observations?indicator=venue.visits&freq=W&by=district&from=2025-W%02d&limit=%d",
})[n % 4 + 1]:format(math.floor(n / 4) % 12 + 1, 1000 + n % 98999)"""


def eight_files(passages):
    """The first rows of the file by source, each event in one; and the visits of a year in all of them."""
    folder = passages.folder / "eight"
    files, kept = [folder / f"{source}.csv" for source in SOURCES], folder / "truth.json"
    if not kept.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        with open(passages.file, "rb") as lines:
            head, rows = next(lines), [next(lines) for _ in range(SMALL_ROWS)]
        for number, file in enumerate(files):
            file.write_bytes(head + b"".join(row for row in rows if zlib.crc32(row.partition(b",")[0]) % len(SOURCES) == number))
        kept.write_text(json.dumps(truth.recompute(files, VENUES, frequencies="A")))
    return files, sum(sum(codes.values()) for codes in json.loads(kept.read_text())["figures"]["venue.visits"]["district"]["A"].values())


def small_parts(bench, files, true):
    with measuring.start_kepud(bench.build, bench.work / "kepud", [], SOURCES, PART_ROWS, start=False) as hub:
        for source, file in zip(SOURCES, files):
            os.link(file, hub.folder / source / file.name)
        hub.start()
        runs = [measuring.wait_for_run(hub, source=source) for source in SOURCES]
        visits = sum(row["value"] for row in hub.ask(measuring.YEARLY_VISITS)["data"])
        if visits != true:
            raise SystemExit(f"{visits} visits came of the small parts, not {true}")
        hub.stop()
    parts = sum(run["parts"] for run in runs)
    seconds = max(measuring.moment(run["ended"]) for run in runs) - min(measuring.moment(run["started"]) for run in runs)
    return {"seconds": seconds, "parts": parts}


def measure_small_parts(bench):
    files, true = eight_files(bench.passages(1_000_000))
    done = side_by_side("parts of 100 rows", {"kepud": lambda: small_parts(bench, files, true)}, 3)["kepud"]
    bench.put("parts_per_s", median(done, lambda one: one["parts"] / one["seconds"]),
              f"{done[-1]['parts']:,} parts of 8 sources, {median(done):.2f} s; its visits equal the truth; median of {len(done)}")


class Stream:
    """Drops prepared files into the folder at the rate, in a thread of its own."""

    def __init__(self, passages, folder, seconds):
        self.folder = folder
        rows = int(RATE * TICK)
        prepared = passages.folder / "stream"
        wanted = int(seconds / TICK)
        if len(list(prepared.glob("*.csv"))) < wanted:
            shutil.rmtree(prepared, ignore_errors=True)
            prepared.mkdir()
            with open(passages.file, "rb") as lines:
                head = next(lines)
                for number in range(wanted):
                    (prepared / f"{number:05}.csv").write_bytes(head + b"".join(next(lines) for _ in range(rows)))
        self.files, self.rows = sorted(prepared.glob("*.csv"))[:wanted], wanted * rows
        self.thread = threading.Thread(target=self.drop)

    def drop(self):
        start = time.monotonic()
        for number, file in enumerate(self.files):
            time.sleep(max(0, start + number * TICK - time.monotonic()))
            os.link(file, self.folder / file.name)


def rows_taken(hub):
    return sum(run["rows"] for run in hub.ask("/api/v1/runs?source=stream&limit=1000")["data"])


def measure_mixed(bench):
    passages, larger = bench.passages(1_000_000), bench.passages(5_000_000)
    with measuring.start_kepud(bench.build, bench.work / "kepud", [passages.file], start=False) as hub:
        folder = hub.add_gates("stream", commit_rows=20_000, every="100ms")
        hub.start()
        measuring.wait_for_run(hub, source="gates")
        load = asking.Load(bench.work, hub.port(), asking.different(MIXED, pause_ms=10))
        ask = lambda: load(SECONDS, 4)
        quiet = side_by_side("questions, quiet", {"kepud": ask}, ROUNDS)["kepud"]
        stream = Stream(larger, folder, SECONDS * ROUNDS + 4)
        began = time.monotonic()
        stream.thread.start()
        time.sleep(1)
        busy = side_by_side("questions while rows come in", {"kepud": ask}, ROUNDS)["kepud"]
        stream.thread.join()
        measuring.wait_until("the rows are all taken", lambda: rows_taken(hub) >= stream.rows * 0.99)
        rate = rows_taken(hub) / (time.monotonic() - began)
        hub.stop()
    p99, p50 = (lambda done, name=name: median(done, lambda one: one[name]) for name in ("p99_ms", "p50_ms"))
    bench.put("busy_p99", p99(busy) / p99(quiet),
              f"{p99(quiet):.2f} ms quiet, {p99(busy):.2f} ms then (p50 {p50(quiet):.2f} and {p50(busy):.2f}); 4 connections, {busy[-1]['per_s']:.0f} questions a second, "
              f"none cached; {rate:,.0f} rows a second were taken; medians of {ROUNDS}")


def measure(bench):
    measure_small_parts(bench)
    measure_mixed(bench)
