#!/usr/bin/env python3
"""A real kepud whose disk lost figures: kepuctl verify finds them while the source goes on, kepuctl rebuild mends them, and
of facts that are damaged verify says that only a backup helps.

The truth comes from tests/bench/truth.py, which shares no code with the daemon.
"""
import argparse
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

from hub import Hub, compare, generate, true_figures, wait_until_taken

ROWS = 20_000


def kepuctl(hub, code, *words):
    """What it says; it must end with this code."""
    answer = subprocess.run([hub.build / "bin/kepuctl", "--config", hub.config, *words], capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, timeout=120)
    if answer.returncode != code:
        sys.exit(f"kepuctl {words} ended with {answer.returncode}:\n{answer.stdout}{answer.stderr}")
    return answer.stdout


def damage(hub, state_dir, sql):
    hub.stop()
    with sqlite3.connect(next(state_dir.rglob("kepu.db"))) as db:
        if db.execute(sql).rowcount == 0:
            sys.exit(f"{sql} harms nothing")
    db.close()
    hub.start()
    hub.port()  # it answers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_care_") as name, Hub(build, pathlib.Path(name)) as hub:
        folder = pathlib.Path(name)
        passages = hub.add_gates()
        generate(passages, ROWS)
        truth = true_figures(passages)
        hub.start()
        wait_until_taken(hub)
        said = kepuctl(hub, 0, "verify")
        if "agree with the facts" not in said:
            sys.exit(said)

        damage(hub, folder, "DELETE FROM chunk WHERE id%3=0")
        said = kepuctl(hub, 4, "verify")
        if ": kept 0, facts give " not in said or "kepuctl rebuild makes them anew" not in said:
            sys.exit(said)
        found = json.loads(kepuctl(hub, 4, "verify", "--json"))["data"]["verified"]
        if found["agrees"] or found["differing"] == 0 or found["lost"] != 0 or not 0 < len(found["findings"]) <= 20:
            sys.exit(f"{found}")
        kepuctl(hub, 0, "rebuild")
        kepuctl(hub, 0, "verify")
        compare(hub, truth)

        damage(hub, folder, "UPDATE blocks SET data=zeroblob(length(data)) WHERE first_fact=1")
        said = kepuctl(hub, 4, "verify")
        if "are damaged; restore the store from a backup" not in said:
            sys.exit(said)
        compare(hub, truth)  # kept figures need no facts


if __name__ == "__main__":
    main()
