#!/usr/bin/env python3
"""The worker of a real kepud is killed at random moments while it ingests; in the end every figure equals the truth.

KEPU_TEST_LONG=1: more kills.
"""
import argparse
import os
import pathlib
import random
import signal
import sys
import tempfile
import time

from hub import LONG, Hub, as_json, compare, generate, true_figures, wait_until, wait_until_taken

KILLS = 60 if LONG else 20
ROWS = 360_000 if LONG else 120_000
BY_ITSELF = 8.0  # seconds: the first back-off is 1 to 2, the rest is for a busy machine
SENTENCE = "crashed: it ended by a kill from outside, perhaps for lack of memory (SIGKILL) and did not say why"


def worker(hub):
    """The process that reads the gates, or None."""
    found = [pid for pid, parent, state, line in hub.children()
             if parent == hub.process.pid and state != "Z" and "venue_turnstile" in line]
    return found[0] if found else None


def slay(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it had ended by itself


def hasten(hub, state):
    """Takes the source out of back-off or quarantine at once."""
    if state in ("backing_off", "quarantined"):
        hub.order("gates", "run" if state == "backing_off" else "resume")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_worker_kills_") as name, Hub(build, pathlib.Path(name)) as hub:
        passages = hub.add_gates(commit_rows=10, every="300ms")
        generate(hub.folder / "all", ROWS)
        truth = true_figures(hub.folder / "all")
        files = sorted((hub.folder / "all").glob("*.csv"))
        rng = random.Random(2)
        hub.start()
        hub.port()
        gates = lambda: hub.sources()["gates"]
        quarantines = 0

        def parts_so_far():
            last = gates()["last_run"]
            return last["parts"] if last and last["status"] == "running" else 0

        for kill in range(KILLS):
            if files and kill % max(1, KILLS // 12) == 0:  # so that there is something to read all the time
                new = files.pop(0)
                new.rename(passages / new.name)
            if kill == 0:
                def crashed():  # it may end by itself under our hands, and is tried again
                    status = gates()
                    if status["state"] == "running" and (pid := worker(hub)):
                        slay(pid)
                    return status["state"] == "backing_off" and status
                status = wait_until("it says what happened", crashed, 30, lambda: as_json(gates()))
                died = time.monotonic()
                if SENTENCE not in status["sentence"] or "It will be tried again at" not in status["sentence"]:
                    sys.exit(f"another sentence is due: {as_json(status)}")
                wait_until("the worker comes back by itself", lambda: worker(hub), BY_ITSELF, lambda: as_json(gates()))
                by_itself = time.monotonic() - died
                continue
            pid = wait_until("a worker runs", lambda: worker(hub), show=lambda: as_json(gates()))
            if kill % 2:  # every other kill meets a run that has committed something, if there is something to read
                wait_until("a part is on disk", lambda: parts_so_far() > 0 or worker(hub) != pid)
            time.sleep(rng.random() * (0.03 if kill % 2 else 0.15))  # the moment of the kill is what the test varies
            slay(pid)

            def comes_back():
                nonlocal quarantines
                state = gates()["state"]
                quarantines += state == "quarantined"
                hasten(hub, state)
                return worker(hub) not in (None, pid)
            wait_until("the worker comes back", comes_back, show=lambda: as_json(gates()))
        for new in files:
            new.rename(passages / new.name)
        hasten(hub, gates()["state"])
        wait_until_taken(hub)
        compared = compare(hub, truth)
        runs, path = [], "/api/v1/runs?source=gates&limit=1000"
        while path:
            page = hub.ask(path)
            runs += page["data"]
            path = page["next"]
        torn = sum(run["status"] == "crashed" and run["parts"] > 0 for run in runs)
        facts = sum(run["inserted"] - run["removed"] for run in runs)
        if facts != truth["facts"]:
            sys.exit(f"the runs tell of {facts} facts, the truth of {truth['facts']}")
        if torn < KILLS // 5 or quarantines == 0:
            sys.exit(f"only {torn} of {KILLS} kills met a run between two parts, {quarantines} quarantines: "
                     "the test does not test")
        hub.stop()
        print(f"{compared} figures equal the truth after {KILLS} kills of the worker, {torn} of them between two parts; "
              f"the first time it was back by itself after {by_itself:.1f} s")


if __name__ == "__main__":
    main()
