#!/usr/bin/env python3
"""Files of a real kepud were mended behind its back: one month is read again and swapped in whole, by kepuctl. Until then,
also when the worker or kepud is killed in the middle, every figure is what it was; afterwards only that month is another,
answers as of before stay, and the next run goes on from where it was."""
import argparse
import collections
import datetime
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

from hub import Hub, as_json, wait_until

YEAR = 2026
A_FILE = 40_000  # rows of a month
KILLS = 3  # of the worker: five would quarantine the source


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}:\n{as_json(found)}\nexpected:\n{as_json(wanted)}")


class Folder:
    """Files of a month each, and what is true of them."""

    def __init__(self, path):
        self.path, self.rows = path, {}

    def write(self, month, rows):
        """`rows`: (number, venue, month that it lies in)."""
        self.rows[month] = rows
        lines = [f"E{month}-{number},V{venue:02d},1,{YEAR}-{lies_in:02d}-{1 + number % 28:02d}T10:{number // 28 % 60:02d}:00+08:00,in,A{number}"
                 for number, venue, lies_in in rows]
        fresh = self.path / ".fresh"
        fresh.write_text("\n".join(["event_id,venue,gate,ts,direction,card", *lines]) + "\n")
        fresh.rename(self.path / f"{month:02d}.csv")

    def visits(self):
        """(month, venue) -> how many."""
        return collections.Counter((lies_in, venue) for rows in self.rows.values() for _, venue, lies_in in rows)


def worker(hub):
    found = [pid for pid, parent, state, line in hub.children()
             if parent == hub.process.pid and state != "Z" and "venue_turnstile" in line]
    return found[0] if found else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_backfill_") as name, Hub(build, pathlib.Path(name)) as hub:
        folder = Folder(hub.add_gates(every="1d", commit_rows=50))

        def kepuctl(*words, code=0):
            done = subprocess.run([build / "bin/kepuctl", "--config", hub.config, *words], capture_output=True, text=True)
            if done.returncode != code:
                sys.exit(f"kepuctl {words} ended with {done.returncode}:\n{done.stdout}{done.stderr}\n{hub.log()[-2000:]}")
            return done.stdout + done.stderr

        def visits(more=""):
            answer = hub.ask(f"/api/v1/observations?indicator=venue.visits&freq=M&from={YEAR}-01&to={YEAR}-12&by=venue"
                             f"&limit=10000{more}")
            return {(int(row["period"][5:]), int(row["venue"][1:])): row["value"] for row in answer["data"] if row["value"]}

        def at_rest():
            wait_until("the source rests", lambda: hub.sources()["gates"]["state"] == "ready",
                       show=lambda: as_json(hub.sources()["gates"]))

        def last_run():
            return hub.ask("/api/v1/runs?source=gates&limit=1")["data"][0]

        month = ("gates", "--from", f"{YEAR}-03", "--to", f"{YEAR}-03")
        for number in range(1, 7):
            folder.write(number, [(n, 1 + n % 4, number) for n in range(A_FILE)])
        hub.start()
        hub.port()
        at_rest()
        before = dict(folder.visits())
        expect("what was read first", visits(), before)
        moment = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        time.sleep(0.01)  # so that nothing is recorded within the millisecond of that moment

        # Of March every fourth row is gone, the others came in elsewhere, some lie in April; April is mended, too.
        march = [(n, 2, 4 if n % 10 == 1 else 3) for n in range(A_FILE) if n % 4]
        folder.write(3, march)
        folder.write(4, [(n, 3, 4) for n in range(A_FILE)])
        after = dict(before)
        for venue in range(1, 5):
            after.pop((3, venue))
        after[(3, 2)] = sum(lies_in == 3 for _, _, lies_in in march)

        # Whatever ends it in the middle, nothing has changed.
        rng = random.Random(3)
        for kill in range(KILLS):
            kepuctl("backfill", *month, "--no-wait")
            running = lambda: last_run() if hub.sources()["gates"]["state"] == "running" else None
            run = wait_until("it runs", running, show=lambda: as_json(hub.sources()["gates"]))
            time.sleep(rng.random() * 0.1)  # the moment of the kill is what the test varies
            pid = worker(hub)
            if pid is None:
                sys.exit("the backfill was over before it could be killed: the test does not test")
            os.kill(pid, signal.SIGKILL)
            at_rest()
            expect("figures after a kill of the worker", visits(), before)
            told = wait_until("its end is recorded", lambda: (run := last_run())["ended"] and run)
            expect("the run's status", told["status"], "crashed")
            expect("the run says what it was", told["text"].startswith(f"backfill of {YEAR}-03-01 to {YEAR}-03-31: "), True)

        # Only March is another then, and the past is as it was.
        last = hub.ask("/api/v1/commits?limit=1")["data"][0]["commit"]
        said = kepuctl("backfill", *month)
        expect("what is told of it", "of other days that were passed over" in said, True)
        expect("figures after the swap", visits(), after)
        swap = hub.ask("/api/v1/commits?limit=1")["data"][0]
        expect("one commit", (swap["kind"], swap["commit"]), ("swap", last + 1))
        history = hub.ask(f"/api/v1/history?indicator=venue.visits&period={YEAR}-03&venue=V01")["data"]
        expect("the history", (history[0]["kind"], history[0]["n"]), ("swap", 0))
        expect("figures of before", visits("&as_of=" + urllib.parse.quote(moment)), before)

        # The bookmark is where it was: the next run reads what was mended, once.
        kepuctl("run", "gates")
        expect("what the next run read", last_run()["rows"], len(march) + A_FILE)
        now = dict(folder.visits())
        expect("figures after it", visits(), now)
        kepuctl("run", "gates")
        expect("what the run after it read", last_run()["rows"], 0)

        # Killed in the middle, kepud comes up as it was.
        kepuctl("backfill", *month, "--no-wait")
        wait_until("it runs", lambda: hub.sources()["gates"]["state"] == "running")
        time.sleep(0.1)  # so that something is staged
        hub.kill()
        hub.start()
        hub.port()
        at_rest()
        expect("figures after a kill of kepud", visits(), now)
        told = next(run for run in hub.ask("/api/v1/runs?source=gates")["data"] if run["status"] == "interrupted")
        expect("the run that kepud ended in", told["text"].startswith(f"backfill of {YEAR}-03-01 to {YEAR}-03-31: "), True)

        # A share that is not all there swaps nothing.
        (folder.path / "03.csv").rename(hub.folder / "03.csv")
        said = kepuctl("backfill", *month, code=1)
        expect("it says why", "the source gave nothing of 03.csv" in said and "--allow-empty" in said, True)
        expect("figures then", visits(), now)
        kepuctl("backfill", *month, "--allow-empty")
        expect("figures when that was meant", visits(), {key: value for key, value in now.items() if key[0] != 3})
        kepuctl("withdraw", "run", str(last_run()["run"]), "--yes")
        expect("figures when it was taken back", visits(), now)
        kepuctl("withdraw", "run", str(swap["run"]), "--yes")
        expect("figures without the swap", visits(), now | {(3, 1): A_FILE // 4})

        # What cannot be done is said.
        for words, code in [((f"{YEAR}-04", f"{YEAR}-03"), "bad_range"), (("2999", "2999"), "bad_range"),
                            (("march", f"{YEAR}-03"), "bad_range")]:
            said = kepuctl("backfill", "gates", "--from", words[0], "--to", words[1], code=1)
            expect(f"{words}", f"[{code}]" in said, True)
        expect("a source that there is not", "[unknown_source]" in kepuctl("backfill", "nobody", *month[1:], code=1), True)
        kepuctl("pause", "gates")
        wait_until("it is paused", lambda: hub.sources()["gates"]["paused"])
        expect("a paused source", "[paused]" in kepuctl("backfill", *month, code=1), True)
        hub.stop()
        print(f"a month was swapped in whole, after {KILLS} kills of the worker and one of kepud that changed nothing")


if __name__ == "__main__":
    main()
