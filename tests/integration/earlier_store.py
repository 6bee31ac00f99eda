#!/usr/bin/env python3
"""A real kepud opens a store that an earlier one wrote (tests/data/formats), answers as that one did, now and as of then,
finds nothing to mend in it, and goes on reading."""
import argparse
import json
import lzma
import pathlib
import sys
import tempfile

from hub import ROOT, Hub, as_json, wait_until

FORMATS = ROOT / "tests/data/formats"
# Each beside the answers that were given when it was written (see write_store.py), by the path that was asked, or by what
# was asked of observations.
STORES = {"store-3.db.xz": "store-3.answers.json", "store-6.db.xz": "store-6.answers.json"}
ROWS = """event_id,venue,gate,direction,ts,card
late1,V01,g1,in,2026-06-30T10:00:00+08:00,C001
late2,V02,g1,in,2026-06-30T10:00:00+08:00,C001
"""


def check(build, store, answers):
    questions = json.loads((FORMATS / answers).read_text())
    with tempfile.TemporaryDirectory(prefix="kepu_earlier_") as name, Hub(build, pathlib.Path(name)) as hub:
        (hub.folder / "state").mkdir(mode=0o700)
        (hub.folder / "state/kepu.db").write_bytes(lzma.decompress((FORMATS / store).read_bytes()))
        passages = hub.add_gates()
        hub.start()

        def expect_answers(more):
            for question, rows in questions.items():
                path = question if question.startswith("/") else f"/api/v1/observations?{question}"
                if more and ("as_of" in path or "/observations" not in path):
                    continue
                got = hub.ask(path + more)["data"]
                if path in ("/api/v1/commits", "/api/v1/rejects"):  # newest first; the source's first run may have added some
                    got = got[-len(rows):]
                if got != rows:
                    sys.exit(f"{store}: {path}{more} was answered {as_json(rows)}, is answered {as_json(got)}")

        expect_answers("")
        last = hub.ask("/api/v1/observations?indicator=venue.visits&freq=A")["meta"]["recorded_at"].replace("+", "%2B")
        (passages / "late.csv").write_text(ROWS)
        wait_until("the new rows were taken", lambda: any(
            run["inserted"] == 2 for run in hub.ask("/api/v1/runs")["data"]), show=lambda: as_json(hub.sources()))
        expect_answers(f"&as_of={last}")
        by_venue = hub.ask("/api/v1/observations?indicator=venue.visits&freq=D&from=2026-06-30&by=venue")["data"]
        if [(row["venue"], row["value"]) for row in by_venue] != [("V01", 1), ("V02", 1)]:
            sys.exit(f"{store}: the new rows are told as {as_json(by_venue)}")
        hub.stop()
    return len(questions)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    for store, answers in STORES.items():
        print(f"{store}: {check(build, store, answers)} questions are answered as they were")


if __name__ == "__main__":
    main()
