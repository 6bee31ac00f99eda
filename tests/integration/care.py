#!/usr/bin/env python3
"""A real kepud whose disk lost figures: kepuctl verify finds them while the source goes on, kepuctl rebuild mends them, and
of facts that are damaged verify says that only a backup helps. A person is erased, and figures stay. kepuctl retention
gives up facts, and figures stay.

The truth comes from tests/bench/truth.py, which shares no code with the daemon.
"""
import argparse
import csv
import hmac
import json
import os
import pathlib
import pty
import sqlite3
import subprocess
import sys
import tempfile

from hub import Hub, compare, generate, true_figures, wait_until, wait_until_taken

ROWS = 20_000


def kepuctl(hub, code, *words, given=""):
    """What it says; it must end with this code."""
    answer = subprocess.run([hub.build / "bin/kepuctl", "--config", hub.config, *words], capture_output=True, text=True,
                            input=given, timeout=120)
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


def give_up(hub, passages, truth):
    """Facts of the first days go; all figures stay, late rows change nothing, and what needs those facts is refused."""
    days = sorted(next(iter(truth["figures"]["venue.visits"].values()))["D"])
    first, before = days[0], days[len(days) // 2]
    said = kepuctl(hub, 0, "retention", "gates", "--before", before, "--yes")
    if f"Figures of gates from before {before} are frozen" not in said:
        sys.exit(said)
    compare(hub, truth)
    kepuctl(hub, 0, "verify")
    for question in ("explain", "history"):
        said = kepuctl(hub, 1, question, "venue.visits", "--period", first, "--json")
        if json.loads(said)["code"] != "history_horizon":
            sys.exit(said)
    flags = [row["flags"] for row in hub.ask(
        f"/api/v1/observations?indicator=venue.visits&freq=D&from={first}&columns=flags&limit=20000")["data"]]
    if flags[0] != "frozen" or flags[-1] is not None:
        sys.exit(f"{flags}")

    (passages / "late.csv").write_text("event_id,venue,gate,direction,ts,card\n" +
                                       "".join(f"late-{i},V01,G1,in,{first} 10:00:00,\n" for i in range(200)))
    hub.order("gates", "run")
    wait_until("the late rows are refused", lambda: len(hub.ask("/api/v1/rejects?limit=1000")["data"]) >= 200)
    late = [row for row in hub.ask("/api/v1/rejects?limit=1000")["data"] if row["code"] == "period_frozen"]
    if len(late) != 200 or hub.ask("/api/v1/runs?limit=1")["data"][0]["status"] != "ok":
        sys.exit(f"{len(late)} rows were late: {late[:1]}, {hub.ask('/api/v1/runs?limit=1')['data']}")
    compare(hub, truth)


def type_unseen(hub, card):
    """kepuctl erase-person on a terminal: what that shows of one who is not held."""
    ours, terminal = pty.openpty()
    process = subprocess.Popen([hub.build / "bin/kepuctl", "--config", hub.config, "erase-person", "--scheme",
                                "account:turnstile"], stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""

    def read_until(words):
        nonlocal shown
        try:
            while words not in shown:
                shown += os.read(ours, 4096)
        except OSError:  # nobody writes any more
            pass
    read_until(b"[y/N]")
    os.write(ours, b"y\n")
    read_until(b"is not shown)")
    os.write(ours, card.encode() + b"\n")
    read_until(b"never said")
    os.close(ours)
    if process.wait(60) != 5 or card.encode() in shown:
        sys.exit(f"exit code {process.returncode}: {shown.decode()}")


def erase(hub, passages):
    """One card's holder, who then is gone from the file, and under another key nobody is."""
    card = next(row["card"] for file in sorted(passages.iterdir()) for row in csv.DictReader(open(file, encoding="utf-8-sig"))
                if row["card"])
    pseudonym = hmac.digest(bytes.fromhex((hub.folder / "person.key").read_text()), b"account:turnstile\0" + card.encode(),
                            "sha256")[:8]
    other = hub.folder / "other.key"
    other.write_text("01" * 16 + "23" * 16)
    other.chmod(0o600)
    words = ["erase-person", "--scheme", "account:turnstile", "--yes"]
    kepuctl(hub, 1, *words, "--key-file", str(other), given=card + "\n")
    said = kepuctl(hub, 0, *words, given=f"  {card} \n")
    if "is erased by commit" not in said:
        sys.exit(said)
    kepuctl(hub, 5, *words, given=card)
    type_unseen(hub, card)
    told = json.dumps([hub.ask("/api/v1/jobs"), hub.ask("/api/v1/commits"), hub.log()])
    if card in told or pseudonym[::-1].hex() in told or str(int.from_bytes(pseudonym, "little")) in told:
        sys.exit(f"it is told who was erased: {told}")
    for file in hub.folder.rglob("kepu.db*"):
        if pseudonym in file.read_bytes():
            sys.exit(f"the pseudonym is in {file}")


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

        erase(hub, passages)
        compare(hub, truth)
        kepuctl(hub, 0, "verify")

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

        give_up(hub, passages, truth)

        damage(hub, folder, "UPDATE blocks SET data=zeroblob(length(data)) WHERE first_fact=(SELECT min(first_fact) FROM blocks)")
        said = kepuctl(hub, 4, "verify")
        if "are damaged; restore the store from a backup" not in said:
            sys.exit(said)
        compare(hub, truth)  # kept figures need no facts


if __name__ == "__main__":
    main()
