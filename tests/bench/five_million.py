"""A store of 5 M facts: start, memory, questions that need many of them, one corrected row, a run withdrawn."""
import contextlib
import datetime
import itertools
import json
import os
import random
import shutil
import sqlite3
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import answers
import asking
import measuring
import truth
from inputs import VENUES
from measuring import MB, median, side_by_side

ROWS = 5_000_000
WRONG_ROWS = 1_000_000
CORRECTIONS = 100
DAYS_AGO = 31
PATIENCE = 120  # seconds, far above what any of it needs
WRONG = ("wrong-1", "wrong-2", "wrong-3")
VISITORS = '"/api/v1/observations?indicator=venue.visitors&freq=A&by=district&limit=" .. 1000 + n % 99000'
BY_MONTH = "/api/v1/observations?indicator=venue.visits&freq=M&by=district"


def in_process(bench, hub, *words):
    done = subprocess.run([bench.build / "bench/in_process", hub.config, *words], capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        raise SystemExit(f"in_process {' '.join(words)}: {done.stderr}")
    return json.loads(done.stdout)


def halves(passages):
    """The file in two: eleven of twelve parts, which come a month ago, and what comes now; and the truth of the first."""
    first, second = (passages.folder / f"halves/passages-2025-{name}.csv" for name in "ab")
    kept = passages.folder / "halves/truth-a.json"
    if not kept.exists():
        measuring.say("recomputing the figures as of a month ago, once")
        shutil.rmtree(first.parent, ignore_errors=True)
        first.parent.mkdir()
        with open(passages.file, "rb") as lines, open(first, "wb") as a, open(second, "wb") as b:
            head = next(lines)
            a.writelines(itertools.chain([head], itertools.islice(lines, passages.rows * 11 // 12)))
            b.writelines(itertools.chain([head], lines))
        kept.write_text(json.dumps(truth.recompute([first], VENUES, frequencies="M")))
    return first, second, json.loads(kept.read_text())


def question(bench, hub, script, what, server_ms):
    """Mean server time of an uncached question, one connection."""
    load = asking.Load(hub.folder, hub.port(), asking.different(script))
    done = side_by_side(what, {"kepud": lambda: answers.uncached(load, hub, 3, 1)}, bench.rounds)["kepud"]
    server_ms(median(done, lambda one: one["server_ms"]),
              f"mean as kepud counts it, one connection; its client sees a p99 of {median(done, lambda one: one['p99_ms']):.2f} ms; median of {len(done)}")


def measure_questions(bench, hub, moment, before):
    hub.ask("/api/v1/observations?indicator=venue.visitors&freq=A&by=district")  # whatever is done once is not measured
    question(bench, hub, VISITORS, "visitors of a year", lambda value, note: bench.put("visitors_ms", value, "exact; " + note))
    as_of = BY_MONTH + "&as_of=" + urllib.parse.quote(moment)
    got = {(row["period"], row["district"]): row["value"] for row in hub.ask(as_of)["data"]}
    want = {(period, code): n for period, codes in before["figures"]["venue.visits"]["district"]["M"].items() for code, n in codes.items()}
    if got != want:
        raise SystemExit(f"as of {moment}: {got}, then it was {want}")
    question(bench, hub, f'"{as_of}&limit=" .. 1000 + n % 99000', "as of a month ago", lambda value, note: bench.put(
        "as_of_ms", value, "one twelfth of the rows came since; equals the truth of then; " + note))


def start_and_wait(hub):
    """Milliseconds from the start of the process to its first answer that it is ready."""
    port = measuring.free_port()
    config = [f'listen = "127.0.0.1:{port}"' if line.startswith("listen") else line for line in hub.config.read_text().splitlines()]
    hub.config.write_text("\n".join(config) + "\n")
    began = time.monotonic()
    hub.start()
    while True:
        with contextlib.suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return (time.monotonic() - began) * 1000
        if hub.process.poll() is not None or time.monotonic() - began > 60:
            raise SystemExit("kepud does not become ready:\n" + hub.log())
        time.sleep(0.001)


def measure_start(bench, hub):
    took = []
    for number in range(5):
        measuring.say(f"start with 5 M facts, round {number + 1} of 5")
        if number:
            hub.stop()
        took.append(start_and_wait(hub))
    bench.put("ready_ms", measuring.statistics.median(took), "its file in the page cache; median of 5")
    bench.put("idle_mb", measuring.idle_bytes(hub) / MB, "resident, after 3 s of rest")
    hub.stop()


def measure_corrections(bench, hub, passages):
    """Rows that say another direction now, each a part of its own, none before the one before is durable."""
    measuring.say(f"{CORRECTIONS} corrected rows among 5 M")
    lines = passages.settled().read_bytes().decode().splitlines()
    good = (line for line in random.Random(4).sample(lines[1:], 2 * CORRECTIONS) if line.count(",") == 5 and "2025-" in line and ",V99," not in line)
    turned = {",in,": ",out,", ",out,": ",in,"}
    rows, more = [], 0
    for line in good:
        way = next((way for way in turned if way in line), None)
        if way and line[0] == "V" and "X," not in line and len(rows) < CORRECTIONS:
            rows.append(line.replace(way, turned[way]))
            more += 1 if way == ",out," else -1
    (hub.folder / "gates/z-corrections.csv").write_text("\n".join([lines[0], *rows]) + "\n")
    source = hub.folder / "sources.d/gates.toml"
    source.write_text(source.read_text() + "commit_rows = 1\n")
    took = sorted(in_process(bench, hub, "one-by-one", "gates")["took_ms"])
    bench.put("correction_ms", took[len(took) // 2],
              f"from the row's frame to its acknowledgement; median of {len(took)}, nine of ten within {took[len(took) * 9 // 10]:.1f} ms, the slowest {took[-1]:.0f} ms")
    return len(took), more


def measure_withdrawals(bench, hub, file):
    results = []
    for source in WRONG:
        measuring.say(f"withdrawal of a run of 1 M beside 5 M, {len(results) + 1} of {len(WRONG)}")
        os.link(file, hub.folder / source / file.name)
        in_process(bench, hub, "run", source)
        with contextlib.closing(sqlite3.connect(hub.folder / "state/kepu.db")) as db:
            run, = db.execute("SELECT max(run) FROM runs").fetchone()
        results.append(in_process(bench, hub, "withdraw", str(run)))
    removed, steps = results[-1]["removed"], sum(len(one["took_ms"]) for one in results) // len(results)
    bench.put("withdraw_s", median(results), f"{removed:,} facts in {steps} steps, visible with the last; median of {len(results)}")
    longest = median(results, lambda one: max(one["took_ms"]))
    bench.put("withdraw_held_ms", longest, f"the longest step: parts of other sources are written between steps; median of {len(results)}")


def measure(bench):
    passages = bench.passages(ROWS)
    first, second, before = halves(passages)
    folder = bench.work / "five-million"
    measuring.say("reading 5 M passages, most of them a month ago")
    with measuring.start_kepud(bench.build, folder, [first], ("gates", *WRONG), start=False) as hub:
        (folder / "state").mkdir(mode=0o700)
        in_process(bench, hub, "run", "gates", str(DAYS_AGO))
        moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=DAYS_AGO - 1)
        os.link(second, hub.folder / "gates" / second.name)
        hub.start()
        measuring.wait_for_run(hub, after=1, source="gates")
        measuring.compare(hub, passages.truth())
        measure_questions(bench, hub, moment.isoformat(timespec="seconds"), before)
        hub.stop()
        measure_start(bench, hub)
        corrected, more = measure_corrections(bench, hub, passages)
        measure_withdrawals(bench, hub, bench.passages(WRONG_ROWS).file)
        hub.start()
        visits = sum(row["value"] for row in hub.ask(measuring.YEARLY_VISITS + "&from=2025&to=2025")["data"])
        true = sum(passages.truth()["figures"]["venue.visits"]["district"]["A"]["2025"].values())
        if visits != true + more:
            raise SystemExit(f"after {corrected} corrections and the withdrawals {visits} visits, not {true + more}")
        hub.stop()
    shutil.rmtree(folder)
