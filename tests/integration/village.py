#!/usr/bin/env python3
"""A real kepud with the catalog of another place: its plan, departments and returns are answered as Jinjiang's are, so
nothing about a district is in the code. By HTTP, as CSV, and by kepuctl."""
import argparse
import pathlib
import shutil
import sys
import tempfile
import urllib.request

from hub import ROOT, Hub, as_json, wait_until
from retry import kepuctl

VILLAGE = ROOT / "tests/data/village"


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}:\n{as_json(got)}\nand not\n{as_json(want)}")


def board(hub, question=""):
    return {row["target"]: (row["period"], row["value"], row["floor"], row["status"])
            for row in hub.ask(f"/api/v1/targets{question}")["data"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_village_") as name:
        folder = pathlib.Path(name)
        with Hub(build, folder, catalog=VILLAGE) as hub:
            hub.install(build / "lib/kepu/connectors/csv_table.so")
            shutil.copytree(VILLAGE / "loans", folder / "loans")
            hub.add_source("loans", f"""
connector = "csv_table"
every = "1s"
[settings]
folder = "{folder / 'loans'}"
settle = "1ms"
dataset = "loans"
[settings.columns]
id = "编号"
house = "书屋"
day = "借出日期"
""")
            kepuctl(hub, 0, "check")
            hub.start()
            wait_until("the loans are there", lambda: hub.ask("/api/v1/observations?indicator=loans.all&freq=A")["data"],
                       show=lambda: as_json(hub.sources()))

            expect("the board after the plan's end", board(hub), {
                "1.yearly": ("2021", 1, 2, "not_met"),  # of its years the last was not
                "1.all": ("2019-S2/2021-S1", 7, 5, "met"),
                "1.houses": ("2021", 1, 2, "not_met")})
            expect("the board of a day within it", board(hub, "?on=2020-06-30"), {
                "1.yearly": ("2020", 3, 2, "achieved"),
                "1.all": ("2019-S2/2020-S1", 5, 5, "achieved"),
                "1.houses": ("2020", 2, 2, "achieved")})
            years = hub.ask("/api/v1/targets/1.yearly")["data"]["years"]
            expect("the years", [(one["from"], one["value"], one["floor"]["status"]) for one in years],
                   [("2019", 3, "met"), ("2020", 4, "met"), ("2021", 1, "not_met")])
            houses = hub.ask("/api/v1/targets/1.houses?lang=en")["data"]
            expect("the house that is missing", houses["inputs"][0]["missing"], [{"code": "H2", "name": "Sample house 2"}])
            expect("who does it", [(one["code"], one["through"]) for one in houses["lead"] + houses["responsible"]],
                   [("library", None), ("school", "all")])
            explained = hub.ask("/api/v1/explain?indicator=loans.all&period=2021")
            expect("the row behind a figure", [(row["input"], row["row"]) for row in explained["data"]],
                   [("样例借书.csv", 9)])

            sheet = hub.ask("/api/v1/departments/school")["data"]
            expect("a task sheet", [(row["role"], row["clause"], row["target"]) for row in sheet],
                   [("lead", "2", None), ("responsible", "1", "1.yearly"), ("responsible", "1", "1.all"),
                    ("responsible", "1", "1.houses")])
            expect("the plans", [(row["plan"], row["targets"], row["reached"], row["behind"])
                                 for row in hub.ask("/api/v1/plans")["data"]], [("reading", 3, 1, 2)])
            expect("the returns", [(row["period"], row["due"], row["status"])
                                   for row in hub.ask("/api/v1/completeness")["data"]],
                   [("2019", "2020-01-30", "late"), ("2020", "2021-01-30", "late"), ("2021", "2022-01-30", "late")])
            expect("their count", hub.ask("/api/v1/completeness?by=department")["data"],
                   [{"department": "library", "owed": 3, "on_time": 0, "late": 3, "missing": 0, "not_yet_due": 0}])
            address = f"http://127.0.0.1:{hub.port()}/api/v1/targets?format=csv&for=excel"
            with urllib.request.urlopen(address, timeout=30) as answer:
                text = answer.read().decode("utf-8-sig")
            if "reading,1,1.all,两年借书,cumulative,loans.all,2019-S2/2021-S1,7,册次,>=,5,met" not in text:
                sys.exit(text)

            said = kepuctl(hub, 0, "plan", "--on", "2020-06-30")
            if "targets 3: achieved 3" not in said or "████████████████████" not in said:
                sys.exit(said)
            said = kepuctl(hub, 0, "plan", "--department", "中心小学")
            if "营造读书风气" not in said:
                sys.exit(said)
            said = kepuctl(hub, 0, "completeness")
            if "library" not in said or "2019" not in said:
                sys.exit(said)
            said = kepuctl(hub, 1, "plan", "1.year")
            if 'did you mean "1.yearly"?' not in said:
                sys.exit(said)
            hub.stop()


if __name__ == "__main__":
    main()
