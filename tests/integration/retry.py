#!/usr/bin/env python3
"""A real kepud that refused a row of a file: kepuctl retry has the file read again, and says when it is gone. What
another file corrected meanwhile stays."""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

from hub import ROOT, Hub, generate, wait_until


def kepuctl(hub, code, *words):
    """What it says; it must end with this code."""
    answer = subprocess.run([hub.build / "bin/kepuctl", "--config", hub.config, *words], capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, timeout=120)
    if answer.returncode != code:
        sys.exit(f"kepuctl {words} ended with {answer.returncode}:\n{answer.stdout}{answer.stderr}")
    return answer.stdout + answer.stderr


def corrections_stay(build, folder):
    """a.csv with a row of an unknown school, b.csv that corrects the other one: a.csv is read again, first for nothing,
    then with the school in the register."""
    catalog, sheets = folder / "catalog", folder / "sheets"
    shutil.copytree(ROOT / "config/catalog", catalog)
    sheets.mkdir()
    place = folder / "hub"
    place.mkdir()
    head = "activity_id,kind,held_on,school,attendances\n"
    with Hub(build, place, catalog=catalog) as hub:
        hub.install(build / "lib/kepu/connectors/csv_table.so")
        hub.add_source("youth", f"""
connector = "csv_table"
every = "1s"
max_reject_share = 1.0
[settings]
folder = "{sheets}"
settle = "1ms"
dataset = "youth_activities"
""")
        hub.start()

        def attendances():
            rows = hub.ask("/api/v1/observations?indicator=youth.attendances&freq=M&from=2025-01&to=2025-04")["data"]
            return {row["period"]: row["value"] for row in rows if row["value"]}

        def expect(what, wanted):
            wait_until(what, lambda: attendances() == wanted, show=lambda: f"{attendances()}\n{hub.log()[-2000:]}")

        def give(name, rows):
            (sheets / f".{name}").write_text(head + rows)
            (sheets / f".{name}").rename(sheets / name)

        give("a.csv", "X1,science_month,2025-01-05,,1\nX2,science_month,2025-02-06,样例无名校,10\n")
        expect("a.csv is taken", {"2025-01": 1})
        give("b.csv", "X1,science_month,2025-03-05,,100\n")
        expect("b.csv corrects it", {"2025-03": 100})
        before = hub.sources()["youth"]["last_run"]["run"]
        kepuctl(hub, 0, "retry", "--all")
        wait_until("a.csv is read again", lambda: hub.ask("/api/v1/rejects")["data"][0]["run"] > before)
        if attendances() != {"2025-03": 100}:
            sys.exit(f"what was read again stands over a later correction: {attendances()}")

        schools = catalog / "registers/schools.toml"
        text = schools.read_text()
        known = text.replace("aliases = [", 'aliases = ["样例无名校", ', 1)
        if known == text:
            sys.exit("the sample register of schools has no aliases any more; correct this test")
        schools.write_text(known)
        kepuctl(hub, 0, "reload")
        expect("the row is good, and the correction stays", {"2025-02": 10, "2025-03": 100})
        kepuctl(hub, 0, "verify")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_retry_") as name, Hub(build, pathlib.Path(name)) as hub:
        passages = hub.add_gates(every="1h")
        generate(passages, 2_000)
        file = min(passages.glob("*.csv"))
        head, row, *rows = file.read_text().splitlines()
        cells = row.split(",")
        cells[head.split(",").index("venue")] = "nowhere at all"
        file.write_text("\n".join([head, ",".join(cells), *rows]) + "\n")
        hub.start()

        def reject():  # of the spoilt row
            return next((one for one in hub.ask("/api/v1/rejects?limit=1000")["data"]
                         if one["input"] == file.name and one["place"] == 2), None)

        first = wait_until("the row is refused", reject)["id"]
        wait_until("the run ends", lambda: hub.sources()["gates"]["state"] == "ready")
        said = kepuctl(hub, 0, "retry", str(first))
        again = reject()
        if f"reject {first} is gone" not in said or not again or again["id"] == first:
            sys.exit(f"the file was not read again: {said}{again}")

        file.unlink()
        said = kepuctl(hub, 1, "retry", str(again["id"]))
        if f"stays: gates has no longer what it came from, {file.name}" not in said:
            sys.exit(said)
        text = hub.ask("/api/v1/runs?source=gates&limit=1")["data"][0]["text"]
        if f'"{file.name}" should be read again and did not come' not in text:
            sys.exit(text)
        if reject() != again:
            sys.exit("its reject changed")
    with tempfile.TemporaryDirectory(prefix="kepu_retry_") as name:
        corrections_stay(build, pathlib.Path(name))


if __name__ == "__main__":
    main()
