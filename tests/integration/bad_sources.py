#!/usr/bin/env python3
"""Every library of tests/bad_connectors as a source of one kepud, all at once, beside a source that works.

Whatever they do: /api/v1/sources says of each what happened and what to do, the API answers, the good source goes on
taking files, exactly what was committed counts, and no process is left behind.
"""
import argparse
import pathlib
import re
import shutil
import sys
import tempfile
import threading
import time
import urllib.error

from hub import ROOT, YEARLY_VISITS, Hub, as_json, wait_until

DEADLINE = 150  # of everything before the end; an idle machine needs 25 s
SLOWEST_ANSWER = 5.0  # seconds; a machine whose cores all spin in connectors needs 0.3

# What must come after what happened: the remedy.
CORRECT = (r"It stays stopped: (install, replace or mend the library .*, which is then tried at once"
           r"|correct .*\.toml and restart kepud)")
REPLACE = r"It is quarantined: replace the library .*\.so \(it is then tried at once\), or resume the source"
AGAIN = "It will be tried again at 20"
NEXT = "The next run is at 20"
RESUME = "It is paused: resume it to let it run again"


def ended(how):
    """How a crash is told; under a sanitizer the worker reports and ends by itself."""
    return rf"it ended (by {how}|with exit code 1\b)"


STOPPED = {
    "bad_major": r"built for version 99\.\d+ of the connector ABI, this host speaks \d+\.\d+; rebuild it with this hub's SDK",
    "bad_symbol": r"does not export kepu_connector_entry; build it with kepu_add_connector\(\)",
    "bad_undefined": "undefined symbol: a_function_that_nobody_has",
    "bad_descriptor": "its descriptor is wrong: the descriptor has struct_size 16, the ABI needs at least",
    "bad_schema": "field passages.ts has type text, the catalog says timestamp",
    "bad_text": "bad_text.so: file too short",
    "bad_empty": "bad_empty.so: file too short",
}
QUARANTINED = {
    "bad_segfault": ended("a segmentation fault"),
    "bad_abort": ended("an abort"),
    "bad_exit": "it ended with exit code 0 and did not say why",
    "bad_throw": "broke its contract: .*thrown through the border|" + ended("an abort"),
    "bad_constructor": "crashed while it was loaded: " + ended("a segmentation fault"),
    "bad_truncated": "crashed while it was loaded: " + ended("a (bus error|segmentation fault)"),
    "bad_stack": ended("a segmentation fault"),
    "bad_fork_bomb": "broke its contract: 0 children were made",
    "bad_nan": "field venue: the cell's type is real, the field's is text",
    "bad_wrong_thread": "emit was called from another thread",
    "good": "crashed while it was loaded",  # as long as another's library lies in its place
}
BACKING_OFF = {
    "bad_loading": "did not get ready within 10 s and was killed",
    "bad_leak": ended("(a segmentation fault|an abort)") + "|nothing bounded it",
    "bad_thread_bomb": r"no more threads after \d+",
}
# What it says, and its last run's rows, facts and rejects.
ENDED = {
    "bad_log_flood": ("the last run ended well", 0, 0, 0),
    "bad_closer": ("the last run ended well", 1, 1, 0),
    "bad_changer": ("the last run ended well", 10, 10, 0),
    "bad_reader": ("the last run ended well", 0, 0, 0),
    "bad_huge_row": ("the last run ended well", 4, 1, 3),
    "bad_huge_cursor": ("met bad data: the cursor was refused", 0, 0, 0),
    "bad_utf8": ("the last run ended well", 100, 90, 10),
    "bad_late_rows": ("the last run ended well|crashed", 1, 1, 0),
    "good": ("the last run ended well", 1000, 1000, 0),
}
# These run until they are made to end.
ENDLESS = {
    "bad_loop": "did not end when its run was cancelled and was killed",
    "bad_printer": "did not end when its run was cancelled and was killed",
    "bad_deaf": "did not end when its run was cancelled and was killed",
    "bad_stubborn": "did not end when its run was cancelled and was killed",
    "bad_committer": "the last run was cancelled",
}
STREAMING = ("bad_deaf", "bad_stubborn")


class Watcher(threading.Thread):
    """Asks on and on, as a dashboard does. Every answer must be there, and soon."""

    def __init__(self, hub):
        super().__init__(daemon=True)
        self.hub, self.enough, self.trouble, self.answers, self.slowest = hub, threading.Event(), None, 0, 0.0

    def run(self):
        while not self.enough.wait(0.05):
            for path in ("/healthz", YEARLY_VISITS):
                began = time.monotonic()
                try:
                    self.hub.ask(path)
                except (OSError, ValueError, urllib.error.URLError) as error:
                    self.trouble = f"{path} was not answered: {error}"
                    return
                self.answers += 1
                self.slowest = max(self.slowest, time.monotonic() - began)

    def finish(self):
        self.enough.set()
        self.join()
        if self.trouble or self.slowest > SLOWEST_ANSWER:
            sys.exit(self.trouble or f"an answer took {self.slowest:.1f} s")


class Gates:
    """The good source: a file after the other, each put in when the one before counts."""

    def __init__(self, hub):
        self.hub, self.folder, self.files, self.put_at, self.slowest = hub, hub.add_gates(), 0, None, 0.0

    def counted(self):
        page = self.hub.ask(YEARLY_VISITS + "&source=gates")
        return int(sum(row["value"] for row in page["data"]))

    def put(self):
        self.files += 1
        part = self.folder / "next.part"
        part.write_text("event_id,venue,gate,direction,ts,card\n"
                        f"G{self.files},V01,1,in,2025-03-05 09:00:00,C{self.files}\n")
        part.rename(self.folder / f"{self.files:04}.csv")
        self.put_at = time.monotonic()

    def turn(self):
        if self.put_at is not None and self.counted() == self.files:
            self.slowest = max(self.slowest, time.monotonic() - self.put_at)
            self.put_at = None
        if self.put_at is None:
            self.put()


class Cases:
    """What is still awaited of each source: a list of (what, condition on its status, action when it holds)."""

    def __init__(self, hub):
        self.hub, self.open = hub, {}

    def add(self, name, what, condition, then=lambda: None):
        self.open.setdefault(name, []).append((what, condition, then))

    def turn(self):
        sources = self.hub.sources()
        for name, steps in list(self.open.items()):
            status = sources[name]
            check_form(status)
            if steps[0][1](status):
                steps.pop(0)[2]()
                if not steps:
                    del self.open[name]
        return not self.open

    def show(self):
        sources = self.hub.sources()
        return "\n".join(f"{name}: {steps[0][0]}\n  is: {as_json(sources[name])}" for name, steps in self.open.items())


def check_form(status):
    """A full sentence in both languages, always, with the source's name."""
    en, zh = status["sentence"], status["sentence_zh"]
    if not (en.startswith(f'Source "{status["id"]}": ') and en.endswith(".") and zh.endswith("。") and len(en) < 1500):
        sys.exit(f"no sentence: {as_json(status)}")


def says(state, *patterns):
    def holds(status):
        return status["state"] == state and all(re.search(pattern, status["sentence"]) for pattern in patterns)
    return f"{state}, saying {patterns}", holds


def counts(wanted):
    def holds(status):
        last = status["last_run"]
        return last and last["ended"] and (last["rows"], last["inserted"], last["rejected"]) == wanted
    return holds


def both(first, second):
    return lambda status: first(status) and second(status)


def hastened(hub, holds):
    """Does not wait for the back-off, which doubles."""
    def condition(status):
        if status["state"] == "backing_off":
            hub.order(status["id"], "run")
        return holds(status)
    return condition


def known_place(folder):
    """The sample catalog, and in it the venue of which the bad libraries speak."""
    shutil.copytree(ROOT / "config/catalog", folder)
    with open(folder / "registers/venues.toml", "a", encoding="utf-8") as register:
        register.write('\n[[venue]]\ncode = "V001"\nname = { zh = "测试馆", en = "Test" }\narea = "510104022010"\n')
    return folder


def configure(hub, libraries):
    for library in libraries:
        hub.install(library)
        name = library.stem
        text = f'connector = "{name}"\nmax_reject_share = 0.5\n' + ("" if name in STREAMING else 'every = "1h"\n')
        if name == "bad_reader":
            text += f'[settings]\nstore = "{hub.folder}/state/kepu.db"\n'
        hub.add_source(name, text)


def expect(hub, cases, libraries):
    install = lambda name: lambda: hub.install(next(path for path in libraries if path.stem == name))
    for name, cause in STOPPED.items():
        cases.add(name, *says("stopped", cause, CORRECT))
    for name, cause in BACKING_OFF.items():
        cases.add(name, *says("backing_off", cause, AGAIN))
    for name, cause in QUARANTINED.items():
        what, holds = says("quarantined", cause, r"crash 5 of 5 allowed within 10 min", REPLACE)
        cases.add(name, what, hastened(hub, holds), install(name) if name == "good" else lambda: None)
    for name, (text, *numbers) in ENDED.items():
        if name == "bad_utf8":
            library = hub.connectors / "bad_utf8.so"
            what, holds = says("stopped", r"other users may write library .*; run `chmod go-w .*bad_utf8\.so`", CORRECT)
            cases.add(name, what, holds, lambda path=library: path.chmod(0o755))
        what, holds = says("ready", text, NEXT)
        cases.add(name, f"{what}, with {numbers} rows, facts and rejects", both(holds, counts(tuple(numbers))))
    for name in ENDLESS:
        cases.add(name, *says("running", "running since 20"))


def facts_of(hub, source):
    page = hub.ask(f"/api/v1/observations?indicator=venue.visits&freq=A&by=venue&source={source}")
    return int(sum(row["value"] for row in page["data"]))


def check_facts(hub):
    """What counts is what was committed, neither less nor more."""
    statuses = hub.sources()
    for name, status in statuses.items():
        if name in ENDED:
            want = ENDED[name][2]
        elif name in ("bad_deaf", "bad_committer"):  # ten rows a part, one row a part
            last = status["last_run"]
            want = last["inserted"]
            if want == 0 or want != last["parts"] * (10 if name == "bad_deaf" else 1):
                sys.exit(f"{name}: its parts and facts do not go together: {as_json(status)}")
        elif name == "gates":
            continue
        else:
            want = 0
        if (got := facts_of(hub, name)) != want:
            sys.exit(f"{got} facts of {name} count, should be {want}")


def check_log(hub):
    log = hub.log_file.read_bytes()
    lines = log.decode().splitlines()  # UTF-8 throughout
    if len(log) > 8_000_000 or re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", log):
        sys.exit(f"the log has {len(log)} bytes, or control characters")
    for name in ("bad_printer", "bad_log_flood"):
        if not any(f"{name}: " in line and "more lines of this connector were left out" in line for line in lines):
            sys.exit(f"the log does not say how many lines of {name} were left out")
    return len(log)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    libraries = sorted((build / "tests/bad_connectors/lib").glob("*.so"))
    known = set(STOPPED) | set(QUARANTINED) | set(BACKING_OFF) | set(ENDED) | set(ENDLESS)
    if unknown := {path.stem for path in libraries} ^ known:
        sys.exit(f"tests/bad_connectors and the tables here differ: {unknown}")
    with tempfile.TemporaryDirectory(prefix="kepu_bad_sources_") as name:
        folder = pathlib.Path(name)
        with Hub(build, folder, catalog=known_place(folder / "catalog")) as hub:
            configure(hub, libraries)
            hub.install(next(path for path in libraries if path.stem == "bad_constructor"), "good.so")
            (hub.connectors / "bad_utf8.so").chmod(0o757)
            gates, cases = Gates(hub), Cases(hub)
            expect(hub, cases, libraries)
            began = time.monotonic()
            hub.start()
            hub.port()
            watcher = Watcher(hub)
            watcher.start()

            def turn():
                gates.turn()
                return cases.turn()
            wait_until("every bad library is where it belongs", turn, DEADLINE, cases.show)

            # All endless ones run now; a file that comes in now is taken while they do.
            since = {name: hub.sources()[name]["running_since"] for name in ENDLESS}
            last = gates.files + 1
            wait_until("a file is taken beside those that run for ever", lambda: gates.turn() or gates.files > last,
                       DEADLINE)
            if {name: hub.sources()[name]["running_since"] for name in ENDLESS} != since or None in since.values():
                sys.exit(f"the endless ones did not run all the time: {since}")

            # Each is ended by its deadlines, and what it had committed stays.
            for name, cause in ENDLESS.items():
                what, holds = says("ready", cause, RESUME)
                cases.add(name, what, both(holds, lambda status: status["last_run"]["ended"]))
                hub.order(name, "pause")
            for name in BACKING_OFF:
                hub.order(name, "pause")
            wait_until("CANCEL, TERM and KILL end what runs for ever", turn, DEADLINE, cases.show)
            check_facts(hub)
            only_gates = lambda: all("venue_turnstile" in line for _, _, _, line in hub.children() if line)
            wait_until("no process of an ended source is left", only_gates, 30, lambda: hub.children())
            wait_until("no zombie is left", lambda: all(state != "Z" for _, _, state, _ in hub.children()), 30,
                       lambda: hub.children())

            # SIGTERM while they run again.
            for name in ENDLESS:
                cases.add(name, *says("running", "running since 20"))
                hub.order(name, "resume")
                if name not in STREAMING:  # its next run would be due in an hour
                    wait_until(f"{name} is resumed", lambda: hub.order(name, "run")[0] == 202)
            wait_until("what is resumed runs again", turn, DEADLINE, cases.show)
            watcher.finish()
            ending = hub.stop()
            log = check_log(hub)
            print(f"{len(libraries)} bad libraries at once: {gates.files} files of the good source taken, the slowest in "
                  f"{gates.slowest:.1f} s; {watcher.answers} answers, the slowest in {watcher.slowest:.2f} s; ended within "
                  f"{ending:.1f} s; log of {log // 1000} kB; {time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
