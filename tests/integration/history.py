#!/usr/bin/env python3
"""A file is corrected: a real kepud tells what its figures were, why they changed, which rows they are made of, and gives
the earlier answer by a label, also after it was killed."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse

from hub import Hub, as_json, wait_until

VISITS = "indicator=venue.visits&period=2026-03"
LABEL = urllib.parse.quote("label:2026 年报")


def rows(correct=False):
    """Twelve visits of March; corrected, one is in April, one at another venue, and two are left out."""
    lines = ["event_id,venue,gate,ts,direction,card"]
    for i in range(10 if correct else 12):
        venue, month = 1 + i % 4, 3
        if correct and i == 3:
            venue = 1
        if correct and i == 5:
            month = 4
        lines.append(f"E{i},V{venue:02d},1,2026-{month:02d}-{1 + i:02d}T10:00:00+08:00,in,A00{i}")
    return "\n".join(lines) + "\n"


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}:\n{as_json(found)}\nexpected:\n{as_json(wanted)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_history_") as name, Hub(build, pathlib.Path(name)) as hub:
        passages = hub.add_gates(every="1h", commit_rows=None)

        def kepuctl(*words, code=0):
            done = subprocess.run([build / "bin/kepuctl", "--socket", hub.socket, *words], capture_output=True, text=True)
            if done.returncode != code:
                sys.exit(f"kepuctl {words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
            return done.stdout + done.stderr

        def history(more=""):
            return [(row["value"], row["kind"], row["inserted"], row["replaced"], row["deleted"] + row["out_of_scope"],
                     row["label"]) for row in hub.ask(f"/api/v1/history?{VISITS}{more}")["data"]]

        (passages / "march.csv").write_text(rows())
        hub.start()
        wait_until("its first run ends", lambda: (gates := hub.sources()["gates"])["last_run"] and gates["state"] == "ready")
        kepuctl("run", "gates")
        signed = hub.ask("/api/v1/observations?indicator=venue.visits&freq=M&by=venue")
        kepuctl("label", "2026 年报")
        (passages / "march.csv").write_text(rows(correct=True))
        kepuctl("run", "gates")
        # Rows that a corrected file no longer has stay: that is on_change = "upsert", the usual.
        expect("the history", history(), [(11, "part", 1, 2, 0, None), (12, "part", 12, 0, 0, "2026 年报")])
        expect("the history then", history(f"&as_of={LABEL}"), [(12, "part", 12, 0, 0, None)])
        expect("the history of a venue that got a visit", history("&venue=V01")[0][:4], (4, "part", 1, 0))

        explained = hub.ask(f"/api/v1/explain?{VISITS}&venue=V01")
        expect("the facts", (explained["value"], explained["n"], explained["facts"]["counted"]), (4, 4, 4))
        fact = explained["data"][-1]
        expect("the fact that moved", (fact["key"], fact["input"], fact["row"], fact["cell.card"], fact["replaces"] > 0),
               ("E3", "march.csv", 5, "person", True))

        for again in range(2):
            then = hub.ask(f"/api/v1/observations?indicator=venue.visits&freq=M&by=venue&as_of={LABEL}")
            expect("what was signed", then["data"], signed["data"])
            expect("the label in meta", then["meta"]["as_of_label"], "2026 年报")
            if "bears the label" not in kepuctl("label", "--commit", "1", "2026 年报", code=1):
                sys.exit("a label moved without being told to")
            if again == 0:
                hub.kill()
                hub.start()
                hub.port()
        kepuctl("label", "--commit", "1", "2026 年报", "--replace")
        try:
            then = hub.ask(f"/api/v1/history?{VISITS}&as_of={LABEL}")
            expect("what the moved label tells", (then["meta"]["as_of_commit"], then["data"]), (1, []))
        except urllib.error.HTTPError as error:
            sys.exit(f"as_of by the moved label: {json.load(error)}")


if __name__ == "__main__":
    main()
