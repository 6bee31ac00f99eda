#!/usr/bin/env python3
"""A real kepud whose catalog is changed while it runs: what it touches is made anew, the rest stays, a wrong one does
not come into force, and neither SIGHUP nor kepuctl reload loses a row."""
import argparse
import pathlib
import shutil
import signal
import sys
import tempfile

from hub import ROOT, Hub, compare, generate, true_figures, wait_until, wait_until_taken
from retry import kepuctl

BY_VENUE = "/api/v1/observations?freq=A&by=venue&indicator="


def changed_by(hub, indicator):
    """The commit that an answer about it follows from."""
    return hub.ask(BY_VENUE + indicator)["meta"]["commit"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_reload_") as name:
        folder = pathlib.Path(name)
        catalog = folder / "catalog"
        shutil.copytree(ROOT / "config/catalog", catalog)
        indicators = catalog / "indicators.toml"
        hub_folder = folder / "hub"
        hub_folder.mkdir()
        with Hub(build, hub_folder, catalog=catalog) as hub:
            passages = hub.add_gates()
            generate(passages, 3_000)
            hub.start()
            wait_until_taken(hub)
            visits = hub.ask(BY_VENUE + "venue.visits")["data"]
            before = {one: changed_by(hub, one) for one in ("venue.visits", "venue.visitors")}

            # The same catalog again changes nothing.
            said = kepuctl(hub, 0, "reload")
            if "what it said before" not in said or before["venue.visits"] != changed_by(hub, "venue.visits"):
                sys.exit(f"a catalog without a change: {said}")

            # A definition is changed: exits count instead of entries.
            was = indicators.read_text()
            now = was.replace('where = { direction = "in" }', 'where = { direction = "out" }', 1)
            if now == was:
                sys.exit("the sample catalog no longer counts direction in; correct this test")
            indicators.write_text(now)
            said = kepuctl(hub, 0, "reload")
            if "in force since commit" not in said:
                sys.exit(said)
            out = hub.ask(BY_VENUE + "venue.visits")["data"]
            if out == visits or not out:
                sys.exit("visits were not counted anew by the new definition")

            # A broken one is told with file and line, and everything stays.
            indicators.write_text(now.replace('measure = "distinct"', 'measure = "distinkt"', 1))
            said = kepuctl(hub, 1, "reload")
            if "indicators.toml:" not in said or "did you mean" not in said or "stays as it was" not in said:
                sys.exit(f"a broken catalog: {said}")
            if hub.ask(BY_VENUE + "venue.visits")["data"] != out:
                sys.exit("a broken catalog changed an answer")
            if "indicators.toml:" not in hub.log():
                sys.exit("the log does not name what is wrong")

            # One that the facts cannot follow is refused by the store, and everything stays, also for what comes next.
            indicators.write_text(now)
            dataset = catalog / "datasets/passages.toml"
            text = dataset.read_text()
            dataset.write_text(text.replace('type = "timestamp"', 'type = "date"', 1))
            said = kepuctl(hub, 1, "reload")
            if "raise the dataset's version" not in said:
                sys.exit(f"a dataset of another type: {said}")
            dataset.write_text(text)

            # Of another version the facts do not count, and what brought them is read again by itself.
            hub.stop()
            hub.install(build / "lib/kepu/connectors/csv_table.so")
            activities = hub_folder / "activities"
            activities.mkdir()
            (activities / "a.csv").write_text(
                "activity_id,kind,held_on,school,attendances\nX1,science_month,2026-01-05,,7\n")
            hub.add_source("activities", f"""
connector = "csv_table"
every = "1h"
[settings]
folder = "{activities}"
settle = "1ms"
dataset = "youth_activities"
""")
            hub.start()

            def attended():
                answer = hub.ask("/api/v1/observations?indicator=youth.attendances&freq=A&from=2026&to=2026")
                return [row["value"] for row in answer["data"]]

            wait_until("the activities are there", lambda: attended() == [7], show=hub.log)
            dataset = catalog / "datasets/youth_activities.toml"
            text = dataset.read_text()
            kepuctl(hub, 0, "pause", "activities")
            dataset.write_text(text.replace("version = 1", "version = 2", 1))
            kepuctl(hub, 0, "reload")
            if 7 in attended():
                sys.exit("facts of another version count")
            kepuctl(hub, 0, "verify")
            kepuctl(hub, 0, "resume", "activities")
            kepuctl(hub, 0, "run", "activities")
            wait_until("the activities are read again", lambda: attended() == [7], show=hub.log)
            dataset.write_text(text.replace("version = 1", "version = 3", 1))
            kepuctl(hub, 0, "reload")
            wait_until("they are read again at once, though the source runs each hour only", lambda: attended() == [7],
                       show=hub.log)
            dataset.write_text(text)

            # Back again, by SIGHUP, while rows come in.
            generate(folder / "more", 6_000)
            for file in sorted((folder / "more").glob("*.csv")):
                shutil.move(file, passages / ("zz-" + file.name))
            seen = hub.sources()["gates"]["last_run"]["run"]
            indicators.write_text(was)
            changed = changed_by(hub, "venue.visits")
            hub.process.send_signal(signal.SIGHUP)
            wait_until("the first definition is in force again", lambda: any(
                job["kind"] == "reload" and job["state"] == "done" and "in force" in job["sentence"]
                for job in hub.ask("/api/v1/jobs")["data"][:1]), show=hub.log)
            if changed_by(hub, "venue.visits") == changed:
                sys.exit("SIGHUP changed nothing")
            wait_until("a run has looked again", lambda: hub.sources()["gates"]["last_run"]["run"] > seen + 1)
            wait_until_taken(hub)
            print(compare(hub, true_figures(passages)), "figures agree after the reloads")
            hub.stop()


if __name__ == "__main__":
    main()
