#!/usr/bin/env python3
"""A real kepud over real files: killed while it ingests, and in the end every figure equals the truth.

The truth comes from tests/bench/truth.py, which shares no code with the daemon. KEPU_TEST_LONG=1: more kills.
"""
import argparse
import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
LONG = os.environ.get("KEPU_TEST_LONG") == "1"
ROWS = 200_000 if LONG else 30_000
KILLS = 60 if LONG else 12
DEADLINE = 240  # seconds, far above what an idle machine needs


class Hub:
    def __init__(self, build, folder):
        self.program = build / "bin/kepud"
        self.folder = folder
        self.socket = folder / "state/admin.sock"
        self.process = None
        (folder / "sources.d").mkdir()
        key = folder / "person.key"
        key.write_text(hashlib.sha256(b"for this test alone").hexdigest())
        key.chmod(0o600)
        (folder / "kepud.toml").write_text(f"""
state_dir = "state"
connector_dirs = ["{build}/lib/kepu/connectors"]
catalog_dir = "{ROOT}/config/catalog"
sources_dir = "sources.d"
time_zone = "Asia/Shanghai"
[http]
listen = "127.0.0.1:0"
[persons]
key_file = "person.key"
""")
        (folder / "sources.d/gates.toml").write_text(f"""
connector = "venue_turnstile"
every = "1s"
[settings]
folder = "{folder}/passages"
settle = "1ms"
commit_rows = 500
""")

    def start(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([self.program, "--config", self.folder / "kepud.toml"], stderr=self.log, stdin=subprocess.DEVNULL)

    def port(self):
        """The port of the kepud that runs now, from its log's last word on it."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                sys.exit(f"kepud ended with {self.process.returncode}:\n" + (self.folder / "log").read_text()[-2000:])
            for line in reversed((self.folder / "log").read_text().splitlines()):
                if " listens on " in line:
                    return int(line.split(" listens on ")[1].split(":")[1].split()[0])
            time.sleep(0.01)
        sys.exit("kepud does not listen")

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port()}{path}", timeout=30) as answer:
            return json.load(answer)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        (self.folder / "log").write_text("")  # the next port is the next daemon's

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=15)
        if status != 0:
            sys.exit(f"kepud ended with {status} after SIGTERM")


def wait_until_taken(hub, files):
    """Until every file is in the ledger: a run that took nothing new, after all that came before it."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        source = hub.ask("/api/v1/sources")["data"][0]
        last = source["last_run"]
        if last and last["status"] == "ok" and last["rows"] == 0 and "still being written" not in last["text"] and \
                hub.ask("/api/v1/observations?indicator=venue.visits&freq=A&by=district")["data"]:
            return
        time.sleep(0.2)
    sys.exit("the files were not all taken: " + json.dumps(hub.ask("/api/v1/sources"), ensure_ascii=False))


def compare(hub, truth):
    wrong, compared = [], 0
    for indicator, dimensions in truth["figures"].items():
        for dimension, frequencies in dimensions.items():
            for frequency, periods in frequencies.items():
                got, path = {}, f"/api/v1/observations?indicator={indicator}&freq={frequency}&by={dimension}&limit=20000"
                while path:
                    page = hub.ask(path)
                    got.update({(row["period"], row[dimension]): row["value"] for row in page["data"]})
                    path = page["next"]
                want = {(period, code): value for period, codes in periods.items() for code, value in codes.items()}
                compared += len(want)
                wrong += [(indicator, dimension, key, got.get(key), want.get(key)) for key in got.keys() | want.keys()
                          if got.get(key) != want.get(key)]
    if wrong:
        sys.exit(f"{len(wrong)} figures differ (indicator, dimension, key, answered, true): {wrong[:5]}")
    return compared


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_end_to_end_") as name:
        folder = pathlib.Path(name)
        generate = [sys.executable, ROOT / "tests/bench/generate.py", "--rows", str(ROWS), "--out", folder / "passages"]
        subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
        answer = subprocess.run([sys.executable, ROOT / "tests/bench/truth.py", folder / "passages", "--venues",
                                 ROOT / "config/catalog/registers/venues.toml", "--freq", "DMA"], check=True, capture_output=True)
        truth = json.loads(answer.stdout)
        hub = Hub(build, folder)
        rng = random.Random(1)
        for _ in range(KILLS):
            hub.start()
            hub.port()
            time.sleep(rng.random() * 0.4)  # the moment of the kill is what the test varies
            hub.kill()
        hub.start()
        try:
            wait_until_taken(hub, 12)
            compared = compare(hub, truth)
            second = subprocess.run([hub.program, "--config", folder / "kepud.toml"], capture_output=True, timeout=60)
            if second.returncode != 3 or b"another kepud" not in second.stderr:
                sys.exit(f"a second kepud on one state folder ended with {second.returncode}: {second.stderr.decode()}")
            hub.stop()
        finally:
            if hub.process.poll() is None:
                hub.process.kill()
        print(f"{compared} figures equal the truth after {KILLS} kills")


if __name__ == "__main__":
    main()
