#!/usr/bin/env python3
"""The sample years: the same bytes every time, nothing told after the last day, and a board of every kind."""
import argparse
import datetime as dt
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import recompute  # noqa: E402

AS_OF = "2025-11"


def make(folder, *options, hash_seed="0"):
    subprocess.run([sys.executable, HERE / "generate.py", "--out", folder, *options], check=True,
                   env={**os.environ, "PYTHONHASHSEED": hash_seed})
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*.csv"))}


def expect(condition, what):
    if not condition:
        sys.exit(what)


def check_files(files):
    expect(all(path.name.startswith("样例-") for path in files), "a file's name does not say that it is sample data")
    folders = {path.parts[0] for path in files}
    wanted = {path.stem for path in (HERE / "sources.d").glob("*.toml")} - {"gates"}
    expect(wanted <= folders, f"sources without files: {wanted - folders}")
    starts = {raw[:2] for raw in files.values()}
    expect(b"\xff\xfe" in starts and b"\xef\xbb" in starts, "a file with a byte-order mark of each kind is missing")


def check_board(figures):
    """What the board as of November 2025 shows."""
    def year(indicator, code=""):
        return figures[indicator]["all"][AS_OF[:4]][code]

    expect(year("training.free_sessions") >= 30, "no target of a year is met")
    expect(year("training.free_attendances") < 0.8 * 1000, "none is behind")
    expect(year("contests.trades") == 1, "none is far behind")
    expect(year("artisans.new") > 0 and sum(figures["artisans.new"]["all"][str(y)][""] for y in range(2021, 2026)) == 200,
           "none stands exactly at a floor that is to be passed")
    expect("sites.youth_academies" not in figures, "none is without data")
    health, literacy = year("health.literacy_rate"), year("literacy.rate")
    expect(abs(health["value"] - 31) < 1.96 * health["standard_error"], "health literacy can be told from 31 %")
    expect(literacy["value"] - 1.96 * literacy["standard_error"] > 18, "literacy is not surely above 18 %")
    expect(year("health.lifestyle_subdistricts") == 100 and year("health.lifestyle_communities") < 100, "coverage is not mixed")


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="kepu_sample_") as name:
        folder = pathlib.Path(name)
        files = make(folder / "one", hash_seed="1")
        expect(files == make(folder / "two", hash_seed="2"), "the same seed and dates give other bytes")
        expect(files != make(folder / "three", "--seed", "7"), "another seed gives the same bytes")
        check_files(files)
        earlier = make(folder / "four", "--until", "2023-06-30")
        expect(not any("2024" in path.name or "2025" in path.name for path in earlier if path.parts[0] not in
                       ("sites", "school_posts", "lifestyle_coverage")), "years after the last day have files")
        facts = recompute.read_all(folder / "four", recompute.Words(recompute.CATALOG))
        days = [fact.get(when) for table in facts.values() for fact in table for when in ("day", "until")]
        last = max(day for day in days if day)
        expect(dt.date(2023, 6, 1) < last <= dt.date(2023, 6, 30), f"the last day told of is {last}")
        check_board(recompute.recompute(folder / "one", recompute.CATALOG))
    print(f"{len(files)} files, the same every time")


if __name__ == "__main__":
    main()
