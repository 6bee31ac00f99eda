#!/usr/bin/env python3
"""A real kepud with a source of csv_table: kepuctl check names what is wrong in its mapping, a clerk's sheets feed a
dataset, and its indicator answers; also after a correction, and of a dataset without a key."""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

from hub import ROOT, Hub, YEARLY_VISITS, wait_until

MAPPING = """
[settings.columns]
event_id = "流水号"
venue = "场馆名称,场馆"
ts = "时间"
[settings.constants]
gate = "正门"
[settings.values.direction]
"进" = "in"
"出" = "out"
[settings.dates]
ts = "dmy"
"""


def source(folder, mapping, dataset="passages"):
    return f"""
connector = "csv_table"
every = "1s"
max_reject_share = 0.5
[settings]
folder = "{folder}"
dataset = "{dataset}"
settle = "1ms"
""" + mapping


def check(hub):
    return subprocess.run([hub.build / "bin/kepuctl", "--config", hub.config, "check"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120)


def put(folder, name, text, encoding):
    fresh = folder / f".{name}"
    fresh.write_bytes(text.encode(encoding))
    fresh.rename(folder / name)


def visits(hub):
    return sum(row["value"] or 0 for row in hub.ask(YEARLY_VISITS)["data"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_csv_table_") as name:
        folder = pathlib.Path(name)
        catalog = folder / "catalog"
        shutil.copytree(ROOT / "config/catalog", catalog)
        (catalog / "datasets/headcounts.toml").write_text("""
version = 1
name = { zh = "测试用人数", en = "Headcounts, for this test" }
[[field]]
name = "day"
type = "date"
roles = ["time"]
required = true
[[field]]
name = "n"
type = "integer"
roles = ["measure"]
unit = "person_times"
required = true
""")
        with (catalog / "indicators.toml").open("a") as file:
            file.write("""
[[indicator]]
id = "test.headcount"
name = { zh = "测试人次", en = "Headcount, for this test" }
definition = { zh = "测试", en = "For this test" }
unit = "person_times"
dataset = "headcounts"
measure = "sum"
field = "n"
""")
        with Hub(build, folder, catalog=catalog) as hub:
            hub.install(build / "lib/kepu/connectors/csv_table.so")
            sheets, counts = folder / "sheets", folder / "counts"
            sheets.mkdir()
            counts.mkdir()
            hub.add_source("sheets", source(sheets, MAPPING.replace("event_id", "evnt_id")))
            said = check(hub)
            if said.returncode == 0 or 'did you mean "event_id"?' not in said.stdout + said.stderr:
                sys.exit(f"check did not name the wrong field ({said.returncode}):\n{said.stdout}{said.stderr}")
            hub.add_source("sheets", source(sheets, MAPPING))
            hub.add_source("counts", source(counts, "", "headcounts"))
            said = check(hub)
            if said.returncode != 0:
                sys.exit(f"check refuses a right mapping:\n{said.stdout}{said.stderr}")

            put(sheets, "3月.csv", "流水号,场馆,direction,时间\r\nA1,V01,进,5/3/2025 9:30\r\nA2,V01,进,6/3/2025 10:00\r\n"
                "A3,V01,出,6/3/2025 11:00\r\nA4,V01,对面,6/3/2025 11:00\r\n", "gb18030")
            put(counts, "a.csv", "day,n\n2025-03-05,10\n2025-03-06,20\n", "utf-8")
            hub.start()
            wait_until("the sheet's visits count", lambda: visits(hub) == 2, show=hub.log)
            rejects = hub.ask("/api/v1/rejects?source=sheets")["data"]
            if [(r["place"], r["field"], r["code"]) for r in rejects] != [(5, "direction", "unknown_value")]:
                sys.exit(f"rejects: {rejects}")
            put(sheets, "3月.csv", "流水号,场馆,direction,时间\r\nA1,V01,出,5/3/2025 9:30\r\n", "gb18030")
            wait_until("the correction counts", lambda: visits(hub) == 1, show=hub.log)

            def headcount():
                rows = hub.ask("/api/v1/observations?indicator=test.headcount&freq=A")["data"]
                return sum(row["value"] or 0 for row in rows)

            wait_until("the headcount counts", lambda: headcount() == 30, show=hub.log)
            put(counts, "a.csv", "day,n\n2025-03-06,5\n", "utf-8")
            wait_until("the file is replaced as a whole", lambda: headcount() == 5, show=hub.log)
            put(counts, "a.csv", "day,n\n", "utf-8")
            wait_until("the file without a row leaves nothing", lambda: headcount() == 0, show=hub.log)


if __name__ == "__main__":
    main()
