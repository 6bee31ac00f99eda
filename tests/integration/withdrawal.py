#!/usr/bin/env python3
"""A real kepud whose clerk put a wrong file in the folder: the run that read it is withdrawn by kepuctl, cut off by
kills, and in the end every figure is what it was, while answers as of the moment between still tell the wrong ones.

The truth comes from tests/bench/truth.py, which shares no code with the daemon.
"""
import argparse
import datetime
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

from hub import YEARLY_VISITS, Hub, as_json, compare, generate, true_figures, wait_until, wait_until_taken

ROWS = 30_000
KILLS = 6


def kepuctl(hub, *words):
    """Exit code, output and complaint."""
    answer = subprocess.run([hub.build / "bin/kepuctl", "--config", hub.config, *words], capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, timeout=120)
    return answer.returncode, answer.stdout, answer.stderr


def expect(holds, what):
    if not holds:
        sys.exit(f"not so: {what}")


def put_in_place(file, text):
    fresh = file.with_name("." + file.name)
    fresh.write_text(text)
    fresh.rename(file)


def spoil(file):
    """The clerk's mistake: every fourth row is lost, and every visitor of the rest came in through another venue."""
    head, *rows = file.read_text().splitlines()
    column = head.split(",").index("venue")
    kept = []
    for row in rows[::4] + rows[1::4] + rows[2::4]:
        cells = row.split(",")
        cells[column] = "V02"
        kept.append(",".join(cells))
    put_in_place(file, "\n".join([head, *kept]) + "\n")


def newest_run_with_rows(hub):
    return next(run for run in hub.ask("/api/v1/runs?source=gates")["data"] if run["rows"] > 0)


def now_text():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_withdrawal_") as name, Hub(build, pathlib.Path(name)) as hub:
        passages = hub.add_gates()
        generate(passages, ROWS)
        truth = true_figures(passages)
        hub.start()
        wait_until_taken(hub)
        compare(hub, truth)
        first = newest_run_with_rows(hub)["run"]

        for file in sorted(passages.glob("*.csv"))[:3]:
            spoil(file)
        wait_until("the wrong files are read", lambda: newest_run_with_rows(hub)["run"] > first)
        wait_until_taken(hub)
        wrong = newest_run_with_rows(hub)["run"]
        expect(hub.ask("/api/v1/runs/%d" % wrong)["data"]["changed"] > 0, "the wrong files changed rows")
        wrong_visits = hub.ask(YEARLY_VISITS)["data"]
        between = now_text()

        # What cannot be done is said.
        for words, code, said in [
                (["withdraw", "run", str(wrong)], 2, "--yes"),
                (["withdraw", "run", "4711", "--yes"], 1, "[unknown_run]"),
                (["withdraw", "source", "nobody", "--yes"], 1, "[unknown_source]"),
                (["withdraw", "file", "x", "--yes"], 2, "KIND")]:
            exit_code, out, err = kepuctl(hub, *words)
            expect(exit_code == code and said in err and not out, f"{words}: {exit_code} {out} {err}")
        status, body = hub.order("gates", "withdraw?x=1")
        expect(status == 422 and body["code"] == "unknown_parameter", as_json(body))

        # Killed at random moments it is done or not, and nothing between.
        rng = random.Random(2)
        for _ in range(KILLS):
            asked = subprocess.Popen([hub.build / "bin/kepuctl", "--config", hub.config, "withdraw", "run", str(wrong),
                                      "--yes", "--no-wait"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.random() * 0.15)  # the moment of the kill is what the test varies
            hub.kill()
            asked.wait()
            hub.start()
            if hub.ask("/api/v1/runs/%d" % wrong)["data"]["withdrawn"]:
                break
            expect(hub.ask(YEARLY_VISITS)["data"] == wrong_visits, "a withdrawal that was cut off changed nothing")
        else:
            exit_code, out, err = kepuctl(hub, "withdraw", "run", str(wrong), "--yes")
            expect(exit_code == 0 and f"Run {wrong} of gates is withdrawn by commit" in out, f"{exit_code} {out} {err}")
            exit_code, out, _ = kepuctl(hub, "jobs", "--json")
            expect(json.loads(out)["data"][0]["state"] == "done", out)
        compare(hub, truth)
        run = hub.ask("/api/v1/runs/%d" % wrong)["data"]
        expect(run["withdrawn"] and run["withdrawn_commit"], as_json(run))
        exit_code, _, err = kepuctl(hub, "withdraw", "run", str(wrong), "--yes")
        expect(exit_code == 1 and "[already_withdrawn]" in err, err)

        # The wrong files still lie there: they are not read again, and the past still knows them.
        rested = hub.sources()["gates"]["last_run"]["run"]
        wait_until("another run has ended", lambda: (last := hub.sources()["gates"]["last_run"])["run"] > rested + 1
                   and last["ended"])
        hub.stop()
        hub.start()
        compare(hub, truth)
        then = hub.ask(YEARLY_VISITS + "&as_of=" + urllib.parse.quote(between))["data"]
        expect(then == wrong_visits, f"as of {between}: {as_json(then)}, then it was {as_json(wrong_visits)}")

        # Unless somebody asks for it.
        def asked_again():  # between two of its runs, which come each second
            exit_code, _, err = kepuctl(hub, "run", "gates", "--again")
            return exit_code == 0 or (exit_code == 1 and "already_running" not in err and sys.exit(err))
        wait_until("a run is told to read it again", asked_again)
        wait_until("it is read again", lambda: hub.ask(YEARLY_VISITS)["data"] == wrong_visits,
                   show=lambda: as_json(hub.ask("/api/v1/runs?limit=5")))

        exit_code, out, err = kepuctl(hub, "withdraw", "source", "gates", "--yes", "--json")
        expect(exit_code == 0 and json.loads(out)["data"]["state"] == "done", f"{exit_code} {out} {err}")
        expect(hub.ask(YEARLY_VISITS)["data"] == [], "nothing of the source is left")
        hub.stop()
        print("the wrong run is out, was there as of then, and came back when it was asked for")


if __name__ == "__main__":
    main()
