#!/usr/bin/env python3
"""What a hub meets in its life, done to a real kepud: a full disk, stores and configurations that it must refuse, and
input files as they come.

Without root, or where nothing may be mounted, the full disk is skipped with a message. KEPU_TEST_LONG=1: it is full more
often.
"""
import argparse
import contextlib
import datetime
import errno
import hashlib
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error

from hub import (LONG, ROOT, YEARLY_VISITS, Hub, as_json, compare, fail_to_start, generate, true_figures, wait_until,
                 wait_until_taken)

OWN_MOUNTS = "KEPU_TEST_OWN_MOUNTS"  # set once this script runs where its mounts are its own
HEADER = "event_id,venue,gate,direction,ts,card\n"
MB = 1 << 20


def status_of(hub, path):
    try:
        hub.ask(path)
        return 200, ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def visits(hub, source):
    page = hub.ask(f"/api/v1/observations?indicator=venue.visits&freq=A&by=venue&source={source}")
    return {row["venue"]: row["value"] for row in page["data"]}


# ---- a full disk -------------------------------------------------------------------------------------

@contextlib.contextmanager
def small_disk(folder):
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m,mode=700", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def full_disk(build, folder):
    """The run fails with a sentence, reads go on, and with space again everything is taken, once."""
    if OWN_MOUNTS not in os.environ:
        return "skipped: no tmpfs can be mounted here"
    hub = Hub(build, folder)
    state = folder / "state"
    ballast = state / "ballast"

    def fill(left):
        with open(ballast, "ab", buffering=0) as file:
            while (space := os.statvfs(state)).f_bavail * space.f_frsize > left:
                try:
                    file.write(bytes(min(MB, space.f_bavail * space.f_frsize - left)))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
    with small_disk(state), hub:
        passages = hub.add_gates(every="300ms")
        hub.start()
        hub.port()
        generate(folder / "all", 36_000)
        files = sorted((folder / "all").glob("*.csv"))
        shutil.copy(files[0], passages)
        wait_until_taken(hub)
        before = hub.ask(YEARLY_VISITS)["data"]
        rounds = 0
        lefts = (0, MB // 8, MB // 2, 0, MB // 4, MB // 16)  # to the last page, and with a little left
        for path, left in zip(files[1:], lefts if LONG else lefts[:2]):
            fill(left)
            shutil.copy(path, passages / path.name)
            full = wait_until("the source says that the disk is full",
                              lambda: "is full; free some space, the hub goes on by itself" in
                              (now := hub.sources()["gates"])["sentence"] and now,
                              60, lambda: as_json(hub.sources()["gates"]))
            if full["state"] not in ("backing_off", "stopping", "starting", "running"):
                sys.exit(f"a source does not wait for space: {as_json(full)}")
            _, text = wait_until("/readyz tells of it", lambda: (now := status_of(hub, "/readyz"))[0] == 503 and now, 30)
            if "is full" not in text:
                sys.exit(f"/readyz does not say why: {text}")
            for read in ("/healthz", YEARLY_VISITS, "/api/v1/runs", "/api/v1/rejects", "/api/v1/indicators"):
                if (got := status_of(hub, read))[0] != 200:
                    sys.exit(f"{read} is not answered while the disk is full: {got}")
            if hub.ask(YEARLY_VISITS)["data"][0]["value"] < before[0]["value"]:
                sys.exit("a figure shrank with the disk")
            ballast.unlink()

            wait_until("with space again it is ready by itself", lambda: status_of(hub, "/readyz")[0] == 200, 60,
                       lambda: as_json(hub.sources()["gates"]))
            hub.order("gates", "run")  # its back-off may be a minute by now
            wait_until_taken(hub)
            rounds += 1
        for path in files[1 + rounds:]:
            shutil.copy(path, passages / path.name)
        wait_until_taken(hub)
        runs = hub.ask("/api/v1/runs?source=gates&limit=1000")["data"]
        if open_runs := [run for run in runs[1:] if run["status"] == "running"]:
            sys.exit(f"runs that ended are told as running: {as_json(open_runs[:2])}")
        hub.stop()
        hub.start()  # and what is on disk is whole
        hub.port()
        compared = compare(hub, true_figures(passages))
        hub.stop()
    return f"{compared} figures equal the truth after the disk was full {rounds} times"


# ---- stores that are not for this kepud --------------------------------------------------------------

def refused_stores(build, folder):
    """A store of a newer version, of something else, or damaged: a sentence, exit code 4, and the file as it was."""
    hub = Hub(build, folder)
    store = folder / "state/kepu.db"
    with hub:
        passages = hub.add_gates()
        (passages / "a.csv").write_text(HEADER + "A1,V01,1,in,2025-03-05 09:00:00,C1\n")
        hub.start()
        wait_until_taken(hub)
        hub.stop()
    ours = store.read_bytes()

    def altered(pragma):
        store.write_bytes(ours)
        connection = sqlite3.connect(store)
        connection.execute(pragma)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return store.read_bytes()

    def of_another():
        store.unlink()
        connection = sqlite3.connect(store)
        connection.executescript("PRAGMA application_id = 77; CREATE TABLE birds(name TEXT)")
        connection.close()
        return store.read_bytes()

    def bytes_of(content):
        store.write_bytes(content)
        return content
    cases = [
        ("newer", lambda: altered("PRAGMA user_version = 8"),
         r"kepu\.db was written by a newer kepud \(store version 8, this one knows 7\); install that version again or "
         "restore an older backup"),
        ("older", lambda: altered("PRAGMA user_version = 1"),
         r"kepu\.db was written by a kepud before the first release \(store version 1\), .*; move it away, and the sources "
         "are read again"),
        ("another application's number", lambda: altered("PRAGMA application_id = 12345"),
         r"kepu\.db is an SQLite file of something else; move it away or set another state_dir"),
        ("another program's file", of_another,
         r"kepu\.db is an SQLite file of something else; move it away or set another state_dir"),
        ("no SQLite file", lambda: bytes_of(b"Dear diary, today we counted visitors.\n" * 200),
         r"kepu\.db is damaged \(.*\); put a backup in its place"),
    ]
    for name, make, wanted in cases:
        content = make()
        code, said = fail_to_start(hub)
        if code != 4 or not re.search(wanted, said):
            sys.exit(f"a store that is {name}: kepud ended with {code}, saying: {said}")
        if store.read_bytes() != content:
            sys.exit(f"a store that is {name} was changed by being refused")
        if left := [path.name for path in store.parent.glob("kepu.db-*")]:
            sys.exit(f"a store that is {name} was refused, but {left} lie beside it")
    bytes_of(ours)
    with hub:
        hub.start()
        if visits(hub, "gates") != {"V01": 1}:
            sys.exit("the good store, put back, has lost its figures")
        hub.stop()
    return f"{len(cases)} stores refused, untouched"


# ---- configurations ----------------------------------------------------------------------------------

def broken_configuration(build, folder):
    """kepuctl check and kepud name every mistake's file, line and column; nothing is started."""
    hub = Hub(build, folder, catalog=folder / "catalog")
    shutil.copytree(ROOT / "config/catalog", folder / "catalog")
    hub.add_gates()
    whole = hub.config.read_text()
    source, indicators = folder / "sources.d/gates.toml", folder / "catalog/indicators.toml"
    good = {path: path.read_text() for path in (hub.config, source, indicators)}
    cases = [
        ({source: good[source] + 'folder = "twice\n'}, [r"sources\.d/gates\.toml:\d+:\d+: "]),
        ({source: good[source].replace("every", "evry")}, [r'sources\.d/gates\.toml:3:1: .*"evry".*did you mean "every"']),
        ({hub.config: whole + "[http\n"}, [r"kepud\.toml:\d+:\d+: "]),
        ({hub.config: whole.replace("time_zone =", "time_zome =")}, [r'kepud\.toml:\d+:1: .*"time_zome".*"time_zone"']),
        ({indicators: good[indicators] + "\n[[indicator]]\nid = 5\n"}, [r"catalog/indicators\.toml:\d+:\d+: "]),
        ({indicators: good[indicators] + "x = = 1\n"}, [r"catalog/indicators\.toml:\d+:\d+: "]),
        ({source: "connector = venue\n", hub.config: whole.replace("time_zone =", "time_zome ="), indicators: "[["},
         [r"sources\.d/gates\.toml:1:\d+: ", r"kepud\.toml:\d+:1: ", r"catalog/indicators\.toml:1:\d+: "]),
    ]
    for texts, wanted in cases:
        for path, text in (good | texts).items():
            path.write_text(text)
        check = subprocess.run([build / "bin/kepuctl", "--config", hub.config, "check"], capture_output=True, text=True)
        code, said = fail_to_start(hub)
        for name, status, words in (("kepuctl check", check.returncode, check.stdout + check.stderr), ("kepud", code, said)):
            missed = [pattern for pattern in wanted if not re.search(pattern, words)]
            if status == 0 or missed:
                sys.exit(f"{name} ended with {status} and does not say {missed}:\n{words}")
        if code != 2 or "nothing was started" not in said or (folder / "state").exists():
            sys.exit(f"kepud began something with a broken configuration, exit code {code}:\n{said}")
    for path, text in good.items():
        path.write_text(text)
    check = subprocess.run([build / "bin/kepuctl", "--config", hub.config, "check"], capture_output=True, text=True)
    if check.returncode != 0:
        sys.exit(f"kepuctl check refuses a good configuration: {check.stdout}{check.stderr}")
    return f"{len(cases)} broken configurations refused"


# ---- input files as they come ------------------------------------------------------------------------

def rows_of(prefix, count, venue="V01"):
    return "".join(f"{prefix}{n},{venue},1,in,2025-03-05 09:{n // 60 % 60:02}:{n % 60:02},C{n}\n" for n in range(count))


def refused_rows(hub, folder):
    """Each unusable row or file is told over the API with its reason; the rows beside it count."""
    tomorrow = datetime.date.today() + datetime.timedelta(days=3)
    files = {
        "unknown.csv": HEADER + "U1,V01,1,in,2025-03-05 09:00:00,C1\nU2,V99,1,in,2025-03-05 09:00:00,C1\n",
        "future.csv": HEADER + f"F1,V01,1,in,{tomorrow} 09:00:00,C1\nF2,V01,1,in,1999-03-05 09:00:00,C1\n",
        "words.csv": HEADER + "W1,V01,1,sideways,2025-03-05 09:00:00,C1\nW2,V01,1,in,05/03/2025,C1\nW3,V01,1,in\n",
        "header.csv": "event_id,venue,gate,direction,card\nH1,V01,1,in,C1\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "bytes.csv").write_bytes((HEADER + "B1,V01,1,in,2025-03-05 09:00:00,C1\n").encode() +
                                       b"B2,V01,\xff\xff,in,2025-03-05 09:00:00,C1\n")
    gbk = "事件编号,场馆,闸机,方向,时间,卡号\nG1,V01,东门,进,2025-03-05 09:00:00,卡一\n"
    (folder / "gbk.csv").write_bytes(gbk.encode("gb18030"))
    wanted = {
        ("unknown.csv", "unknown_entity"), ("future.csv", "time_in_future"), ("future.csv", "time_too_old"),
        ("words.csv", "bad_direction"), ("words.csv", "bad_time"), ("words.csv", "column_count"),
        (None, "missing_column"), ("bytes.csv", "bad_encoding"),
    }

    def told():
        page = hub.ask("/api/v1/rejects?source=refusals&limit=100")["data"]
        return {(row["input"], row["code"]) for row in page} >= wanted and page
    rows = wait_until(f"these are told as rejects: {wanted}", told, 30,
                      lambda: as_json(hub.ask("/api/v1/rejects?source=refusals")["data"]))
    if silent := [row for row in rows if not row["message"]]:
        sys.exit(f"rejects without a reason: {as_json(silent)}")
    wait_until("the rows beside them count", lambda: visits(hub, "refusals") == {"V01": 3}, 30,
               lambda: visits(hub, "refusals"))
    return len(rows)


def grown_file(hub, folder):
    """An empty file waits; one cut in the middle of a row counts as far as it goes, and is read on when it is whole."""
    (folder / "empty.csv").write_bytes(b"")
    whole = HEADER + rows_of("P", 3000)
    cut = whole.index("P2000,") + 9  # in the middle of a row
    (folder / "cut.csv").write_text(whole[:cut])
    wait_until("the rows before the cut count", lambda: visits(hub, "growing").get("V01") == 2000, 30,
               lambda: as_json([visits(hub, "growing"), hub.sources()["growing"]]))
    with open(folder / "cut.csv", "a", encoding="utf-8") as file:
        file.write(whole[cut:])
    (folder / "empty.csv").write_text(HEADER + rows_of("E", 5, "V02"))
    wait_until("the whole file counts, once", lambda: visits(hub, "growing") == {"V01": 3000, "V02": 5}, 30,
               lambda: as_json([visits(hub, "growing"), hub.sources()["growing"]]))
    runs = hub.ask("/api/v1/runs?source=growing&limit=1000")["data"]
    if (read := sum(run["rows"] for run in runs)) > 3000 + 5 + 10:
        sys.exit(f"a file that grew was read from its start: {read} rows in all")


def file_still_written(hub, folder):
    """A file that grows all the time waits, as long as it does; settle is a second."""
    path, enough = folder / "slow.csv", threading.Event()

    def write():
        with open(path, "w", encoding="utf-8") as file:
            file.write(HEADER)
            n = 0
            while not enough.wait(0.02):
                file.write(f"S{n},V03,1,in,2025-03-05 10:00:00,C{n}\n")
                file.flush()
                n += 1
        write.rows = n
    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_until("the source says that a file is still being written",
                   lambda: "1 still being written" in (hub.sources()["settling"]["last_run"] or {"text": ""})["text"], 30,
                   lambda: as_json(hub.sources()["settling"]))
        if visits(hub, "settling"):
            sys.exit("rows of a file that is still being written count")
    finally:
        enough.set()
        writer.join()
    wait_until("the file is taken when it is whole", lambda: visits(hub, "settling") == {"V03": write.rows}, 30,
               lambda: as_json([write.rows, visits(hub, "settling"), hub.sources()["settling"]]))


def vanishing_files(hub, folder):
    """Files that go while they are listed, hashed or read trouble nobody: what stays counts."""
    enough = threading.Event()

    def churn():
        n = 0
        while not enough.is_set():
            paths = [folder / f"gone{n % 50}_{i}.csv" for i in range(20)]
            for i, path in enumerate(paths):
                path.write_text(HEADER + rows_of(f"N{n}_{i}_", 200, "V05"))
            for path in paths:
                path.unlink()
            n += 1
    (folder / "nowhere.csv").symlink_to(folder / "no such file.csv")
    churning = threading.Thread(target=churn)
    churning.start()
    try:
        (folder / "stays.csv").write_text(HEADER + rows_of("T", 500, "V04"))
        wait_until("the file that stays is taken", lambda: visits(hub, "vanishing").get("V04") == 500, 60,
                   lambda: as_json(hub.sources()["vanishing"]))
        first = hub.sources()["vanishing"]["last_run"]["run"]
        wait_until("twenty more looks", lambda: hub.sources()["vanishing"]["last_run"]["run"] > first + 20, 60,
                   lambda: as_json(hub.sources()["vanishing"]))
    finally:
        enough.set()
        churning.join()
    runs = hub.ask("/api/v1/runs?source=vanishing&limit=1000")["data"]
    if bad := [run for run in runs if run["status"] not in ("ok", "running")]:
        sys.exit(f"files that vanish make runs fail: {as_json(bad[:3])}")
    if visits(hub, "vanishing")["V04"] != 500:
        sys.exit("the file that stays does not count as it should")


def poisoned_file(hub, folder):
    """A file with too many bad rows is dropped and named; the next run follows at once and takes what lies behind it.
    The source's schedule has nothing to do with it: it is an hour."""
    bad = [row if i % 3 else row.replace(",in,", ",sideways,")
           for i, row in enumerate(rows_of("P", 3_000, "V01").splitlines(keepends=True))]
    (folder / "a.csv").write_text(HEADER + "".join(bad))
    (folder / "b.csv").write_text(HEADER + rows_of("Q", 200, "V02"))
    hub.order("poisoned", "run")
    wait_until("the file behind is taken", lambda: visits(hub, "poisoned") == {"V02": 200}, 60,
               lambda: as_json(hub.sources()["poisoned"]))
    runs = wait_until("its run is recorded", lambda: (got := hub.ask("/api/v1/runs?source=poisoned")["data"])[0]["status"] !=
                      "running" and got, 30)
    told = [(run["status"], run["rows"]) for run in runs[:2]]
    if told != [("bad_data", 200), ("bad_data", 167)]:
        sys.exit(f"the two runs are recorded as {told}: {as_json(runs[:2])}")
    if "167 of 500 rows of a.csv were refused" not in runs[1]["text"] or "passed over a.csv" not in runs[0]["text"]:
        sys.exit(f"the file is not named: {as_json(runs[:2])}")
    (folder / "a.csv").write_text(HEADER + rows_of("P", 300, "V01"))
    hub.order("poisoned", "run")
    wait_until("the corrected file is taken", lambda: visits(hub, "poisoned") == {"V01": 300, "V02": 200}, 60,
               lambda: as_json(hub.sources()["poisoned"]))
    wait_until("all is well", lambda: hub.sources()["poisoned"]["last_run"]["status"] == "ok", 30,
               lambda: as_json(hub.sources()["poisoned"]))


def input_files(build, folder):
    hub = Hub(build, folder)
    with hub:
        folders = {}
        for name, settle in (("refusals", "1ms"), ("growing", "200ms"), ("settling", "1s"), ("vanishing", "1ms")):
            folders[name] = folder / name
            folders[name].mkdir()
            hub.add_source(name, f'connector = "venue_turnstile"\nevery = "200ms"\nmax_reject_share = 1\n[settings]\n'
                                 f'folder = "{folders[name]}"\nsettle = "{settle}"\n')
        poisoned = hub.add_gates("poisoned", every="1h")
        hub.start()
        hub.port()
        rejects = refused_rows(hub, folders["refusals"])
        grown_file(hub, folders["growing"])
        file_still_written(hub, folders["settling"])
        vanishing_files(hub, folders["vanishing"])
        poisoned_file(hub, poisoned)
        hub.stop()
    return f"{rejects} rejects with reasons; cut, growing, slow and vanishing files are taken as they should"


def in_own_mounts():
    """Starts this script again where what it mounts is seen by nobody else, and goes with it."""
    if OWN_MOUNTS in os.environ or os.geteuid() != 0:
        return
    alone = ["unshare", "--mount", "--propagation", "private"]
    probe = alone + ["mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]
    if shutil.which("unshare") and subprocess.run(probe, capture_output=True).returncode == 0:
        os.environ[OWN_MOUNTS] = "1"
        os.execvp("unshare", alone + [sys.executable, *sys.argv])


def main():
    in_own_mounts()
    cases = (refused_stores, broken_configuration, input_files, full_disk)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--only", choices=[case.__name__ for case in cases])
    options = parser.parse_args()
    for case in cases:
        if options.only in (None, case.__name__):
            began = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="kepu_faults_") as name:
                said = case(options.build.resolve(), pathlib.Path(name))
            print(f"{case.__name__}: {said} ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
