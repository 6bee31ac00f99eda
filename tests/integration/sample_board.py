#!/usr/bin/env python3
"""The sample years come through connectors into a real kepud, and every figure and the board equal the recomputation.

The truth comes from tests/sample/recompute.py, tests/sample/board.py and tests/bench/truth.py, which share no code with the
daemon.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from board_answers import compare_plan
from hub import ROOT, Hub, as_json, compare, generate, true_figures, wait_until

SAMPLE = ROOT / "tests/sample"
PASSAGES = 5_000
PAGE = 20_000
RANGE = {"A": "from=2021&to=2025", "M": "from=2021-01&to=2025-12"}
TOLERANCE = 1e-6  # of percents, which have so many decimals
SURVEY_TOLERANCE = 1e-3  # percentage points; answers have a few decimals


def make(folder):
    """The sample beside the hub's folder, as ./dev run has it, settled long ago."""
    subprocess.run([sys.executable, SAMPLE / "generate.py", "--out", folder / "sample"], check=True)
    generate(folder / "sample/passages", PASSAGES)
    settled = time.time() - 60
    for path in (folder / "sample").rglob("*.csv"):
        os.utime(path, (settled, settled))
    truth = subprocess.run([sys.executable, SAMPLE / "recompute.py", folder / "sample"], check=True, capture_output=True)
    return json.loads(truth.stdout)


def wait_until_all_ran(hub, ids):
    """Until every source has ended a run in which it took all that lay there."""
    def done():
        sources = hub.sources()
        runs = [sources[name]["last_run"] for name in ids]
        bad = [(name, run) for name, run in zip(ids, runs) if run and run["status"] not in ("ok", "running")]
        if bad:
            sys.exit(f"a source's run failed:\n{as_json(bad)}\n" + hub.log()[-3000:])
        return all(run and run["status"] == "ok" for run in runs)
    wait_until("all sources have run", done, show=lambda: as_json(hub.sources()))


def answered(hub, indicator, dimension, frequency, is_survey):
    """{(period, code): row} of all pages."""
    by = "" if dimension == "all" else f"&by={dimension}"
    columns = "&columns=standard_error,n" if is_survey else ""
    path = f"/api/v1/observations?indicator={indicator}&freq={frequency}&{RANGE[frequency]}&limit={PAGE}{by}{columns}"
    rows = {}
    while path:
        page = hub.ask(path)
        rows.update({(row["period"], row.get(dimension) or ""): row for row in page["data"]})
        path = page["next"]
    return rows


def differs(row, want):
    """A cell without a row, or without a value, says nothing stands: as good as 0, which nothing else is."""
    if isinstance(want, dict):
        return row is None or abs(row["value"] - want["value"]) > SURVEY_TOLERANCE or \
            abs(row["standard_error"] - want["standard_error"]) > SURVEY_TOLERANCE or row["n"] != want["n"]
    got = 0 if row is None or row["value"] is None else row["value"]
    return abs(got - (want or 0)) > TOLERANCE


def compare_figures(hub, truth):
    """Every figure under the board, both ways. Returns how many there are."""
    wrong, compared = [], 0
    for indicator, dimensions in truth.items():
        is_survey = isinstance(next(iter(next(iter(dimensions["all"].values())).values())), dict)
        for dimension, periods in dimensions.items():
            for frequency in "A" if is_survey else "AM":
                want = {(period, code): value for period, codes in periods.items() for code, value in codes.items()
                        if (len(period) == 4) == (frequency == "A")}
                if not want:
                    continue
                got = answered(hub, indicator, dimension, frequency, is_survey)
                compared += len(want)
                wrong += [(indicator, dimension, key, got.get(key), want.get(key)) for key in sorted(got.keys() | want.keys())
                          if differs(got.get(key), want.get(key))]
    if wrong:
        sys.exit(f"{len(wrong)} of {compared} figures differ (indicator, dimension, key, answered, true):\n" +
                 "\n".join(map(str, wrong[:20])))
    return compared


def check_catalog(hub, truth):
    """Every indicator of the catalog is recomputed, or is without data on purpose."""
    ids = {row["id"] for row in hub.ask("/api/v1/indicators")["data"]}
    left = ids - truth.keys() - {"venue.visits", "venue.visitors"}
    if left != {"sites.youth_academies"}:
        sys.exit(f"indicators that are not recomputed: {left}")
    if rows := hub.ask("/api/v1/observations?indicator=sites.youth_academies&freq=A")["data"]:
        sys.exit(f"what nobody told of has figures: {rows}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_sample_board_") as name:
        folder = pathlib.Path(name)
        (folder / "run").mkdir()
        truth = make(folder)
        with Hub(build, folder / "run") as hub:
            hub.install(build / "lib/kepu/connectors/csv_table.so")
            ids = []
            for source in sorted((SAMPLE / "sources.d").glob("*.toml")):
                shutil.copy(source, folder / "run/sources.d")
                ids.append(source.stem)
            hub.start()
            wait_until_all_ran(hub, ids)
            check_catalog(hub, truth)
            compared = compare_figures(hub, truth) + compare(hub, true_figures(folder / "sample/passages"))
            of_board = compare_plan(hub, folder / "sample")
            hub.stop()
    print(f"{compared} figures of {len(ids)} sources and {of_board} values of the board equal the recomputation")


if __name__ == "__main__":
    main()
