"""A real kepud over real files, for the tests of this folder: configured, started, asked, ordered, killed, ended."""
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
LONG = os.environ.get("KEPU_TEST_LONG") == "1"
DEADLINE = 240  # seconds, far above what an idle machine needs
YEARLY_VISITS = "/api/v1/observations?indicator=venue.visits&freq=A&by=district"


def as_json(value):
    return json.dumps(value, ensure_ascii=False, indent=1)


def wait_until(what, condition, deadline=DEADLINE, show=lambda: ""):
    """Polls until the condition is truthy and returns that; else ends the test, saying what was missed and `show()`."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    sys.exit(f"not within {deadline} s: {what}\n{show()}")


class AdminConnection(http.client.HTTPConnection):
    """HTTP over the hub's local socket."""

    def __init__(self, path):
        super().__init__("kepud", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Hub:
    def __init__(self, build, folder, state="state", catalog=ROOT / "config/catalog"):
        self.build, self.folder, self.config = build, folder, folder / "kepud.toml"
        self.program = build / "bin/kepud"
        self.log_file = folder / "log"
        self.connectors = folder / "connectors"  # copies: a test may replace one, and a process of ours is known by it
        self.socket = folder / "admin.sock"
        self.process = None
        self.connectors.mkdir(mode=0o755)
        (folder / "sources.d").mkdir()
        self.install(build / "lib/kepu/connectors/venue_turnstile.so")
        key = folder / "person.key"
        key.write_text(hashlib.sha256(b"for this test alone").hexdigest())
        key.chmod(0o600)
        self.config.write_text(f"""
state_dir = "{state}"
admin_socket = "admin.sock"
connector_dirs = ["connectors"]
catalog_dir = "{catalog}"
sources_dir = "sources.d"
time_zone = "Asia/Shanghai"
[http]
listen = "127.0.0.1:0"
[persons]
key_file = "person.key"
""")

    def install(self, library, name=None):
        """Puts a connector's library into place as a package manager does: whole, by a rename."""
        fresh = self.connectors / ".fresh"
        shutil.copyfile(library, fresh)
        fresh.chmod(0o755)
        fresh.rename(self.connectors / (name or library.name))

    def add_source(self, name, text):
        (self.folder / f"sources.d/{name}.toml").write_text(text)

    def add_gates(self, name="gates", commit_rows=500, every="1s"):
        """A source of venue_turnstile, and its folder. commit_rows None: the connector's own."""
        passages = self.folder / name
        passages.mkdir(exist_ok=True)
        self.add_source(name, f"""
connector = "venue_turnstile"
every = "{every}"
[settings]
folder = "{passages}"
settle = "1ms"
""" + (f"commit_rows = {commit_rows}\n" if commit_rows else ""))
        return passages

    def start(self):
        with open(self.log_file, "wb") as log:  # anew: the port in it is this daemon's
            self.process = subprocess.Popen([self.program, "--config", self.config], stderr=log, stdin=subprocess.DEVNULL)

    def log(self):
        return self.log_file.read_text(errors="replace")

    def port(self):
        """The port of the kepud that runs now, from its log."""
        def listening():
            if self.process.poll() is not None:
                sys.exit(f"kepud ended with {self.process.returncode}:\n" + self.log()[-2000:])
            for line in self.log().splitlines():
                if " listens on " in line:
                    return int(line.split(" listens on ")[1].split(":")[1].split()[0])
            return None
        if not (self.process and getattr(self.process, "kepu_port", None)):
            self.process.kepu_port = wait_until("kepud listens", listening)
        return self.process.kepu_port

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port()}{path}", timeout=30) as answer:
            return json.load(answer)

    def sources(self):
        return {source["id"]: source for source in self.ask("/api/v1/sources")["data"]}

    def order(self, source, verb):
        """POST /sources/{source}/{verb}: the answer's status and body."""
        connection = AdminConnection(self.socket)
        try:
            connection.request("POST", f"/api/v1/sources/{source}/{verb}")
            answer = connection.getresponse()
            return answer.status, json.load(answer)
        finally:
            connection.close()

    def children(self):
        """Processes, zombies too, that are the daemon's children or carry a library of this hub in their command
        line, as a worker does and whatever it may have forked. [(pid, ppid, state, command line)]"""
        mark, ours, daemon = str(self.folder).encode(), [], self.process.pid
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) in (daemon, os.getpid()):
                continue
            try:
                stat = (entry / "stat").read_text()
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it has just ended
            state, parent = stat.rpartition(")")[2].split()[:2]
            if int(parent) == daemon or (mark in line and b"kepu-worker" in line):
                ours.append((int(entry.name), int(parent), state, line.replace(b"\0", b" ").decode(errors="replace")))
        return ours

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM. kepud must end well within 10 s and leave no process behind."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            sys.exit("kepud did not end within 10 s after SIGTERM:\n" + self.log()[-3000:])
        if status != 0:
            sys.exit(f"kepud ended with {status} after SIGTERM:\n" + self.log()[-3000:])
        if left := self.children():
            sys.exit(f"kepud left processes behind: {left}")
        return time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def fail_to_start(hub):
    """Runs a kepud that must not come up. Returns (exit code, what it said)."""
    answer = subprocess.run([hub.program, "--config", hub.config], capture_output=True, text=True, timeout=60)
    return answer.returncode, answer.stderr


def generate(folder, rows):
    """Sample passages, twelve files."""
    subprocess.run([sys.executable, ROOT / "tests/bench/generate.py", "--rows", str(rows), "--out", folder], check=True,
                   stdout=subprocess.DEVNULL)


def true_figures(folder, venues=ROOT / "config/catalog/registers/venues.toml"):
    """What tests/bench/truth.py says of the folder's files."""
    answer = subprocess.run([sys.executable, ROOT / "tests/bench/truth.py", folder, "--venues", venues, "--freq", "DMA"],
                            check=True, capture_output=True)
    return json.loads(answer.stdout)


def wait_until_taken(hub, source="gates"):
    """Until every file is in the ledger: a run that took nothing new, after all that came before it."""
    def taken():
        last = hub.sources()[source]["last_run"]
        return last and last["status"] == "ok" and last["rows"] == 0 and "still being written" not in last["text"] and \
            hub.ask(YEARLY_VISITS)["data"]
    wait_until("the files were all taken", taken, show=lambda: as_json(hub.sources()[source]))


def compare(hub, truth):
    """Every figure against the truth, both ways. Returns how many there are."""
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
