"""What the benchmarks share: rounds side by side, a kepud with one source, its runs, its memory."""
import datetime
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from hub import ROOT, YEARLY_VISITS, Hub, compare, wait_until  # noqa: E402,F401  (the kepud of the integration tests)

MB = 1e6
SHORT = 10  # seconds; a candidate that takes longer is run thrice, others five times


class Missing(Exception):
    """Why something cannot be measured here."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def side_by_side(what, candidates, most):
    """Runs every candidate once a round. Candidates: name -> function that returns seconds, or a dict that holds them
    under "seconds". Returns name -> results; a Missing stands in place of them."""
    results = {name: [] for name in candidates}
    for number in range(most):
        for name, take in candidates.items():
            done = results[name]
            if isinstance(done, Missing) or (number >= 3 and seconds_of(done[0]) > SHORT):
                continue
            say(f"{what}: {name}, round {number + 1} of {min(most, 3) if done and seconds_of(done[0]) > SHORT else most}")
            try:
                done.append(take())
            except Missing as why:
                say(f"{name} cannot be measured: {why}")
                results[name] = why
    return results


def seconds_of(result):
    return result["seconds"] if isinstance(result, dict) else result


def median(results, of=seconds_of):
    return statistics.median(of(one) for one in results)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command, pattern, log, cwd=None):
    """The process, and the port that it says it listens on."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=cwd)

    def port():
        if process.poll() is not None:
            raise Missing(f"{command[0]} ended: {log.read_text().strip()[-300:]}")
        return re.search(pattern, log.read_text())

    return process, int(wait_until(f"{command[0]} listens", port)[1])


def stop(process):
    process.terminate()
    process.wait()


def start_kepud(build, work, files, sources=("gates",), commit_rows=None, start=True):
    """kepud with a new state in `work`; `files` are there for the first source to take. `start`: or only made ready."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    hub = Hub(build, work)
    for source in sources:
        passages = hub.add_gates(source, commit_rows=commit_rows, every="1h")
        for file in files if source == sources[0] else ():
            os.link(file, passages / file.name)
    if start:
        hub.start()
    return hub


def get(port, target):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{target}", timeout=60) as answer:
        return answer.read()


def header(port, target, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{target}", timeout=60) as answer:
        return answer.headers[name]


def day_text(number):
    """Of a day since 1970."""
    return time.strftime("%Y-%m-%d", time.gmtime(number * 86_400))


def moment(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def wait_for_run(hub, meanwhile=lambda: None, after=0, source="gates", every=0.02):
    """The source's first run with a number above `after`, once it has ended well; with "seconds", from its start to its
    end. Looks every so many seconds."""
    def ended():
        if hub.process.poll() is not None:
            sys.exit("kepud ended:\n" + hub.log())
        meanwhile()
        time.sleep(max(0, every - 0.02))
        runs = [run for run in hub.ask(f"/api/v1/runs?source={source}")["data"] if run["run"] > after]
        return runs and runs[-1]["ended"] and runs[-1]

    run = wait_until("the run ended", ended, deadline=3600)
    if run["status"] != "ok":
        sys.exit(f"the run went wrong: {run}")
    return run | {"seconds": moment(run["ended"]) - moment(run["started"])}


def run_again(hub, after, every=0.02):
    """Another run of the source, now."""
    status, body = hub.order("gates", "run")
    if status != 202:
        sys.exit(f"kepud runs no source: {status} {body}")
    return wait_for_run(hub, after=after, every=every)


def memory(pid, what):
    """Bytes. `what`: VmRSS for now, VmHWM for the peak. 0: the process is gone."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class WorkerPeak:
    """The most memory that a worker of the hub had; call it now and then."""

    def __init__(self, hub):
        self.hub, self.bytes = hub, 0

    def __call__(self):
        for path in pathlib.Path(f"/proc/{self.hub.process.pid}/task").glob("*/children"):
            for child in path.read_text().split():
                self.bytes = max(self.bytes, memory(child, "VmHWM"))


def idle_bytes(hub):
    time.sleep(3)  # kepud tidies up after 2 s of rest
    return memory(hub.process.pid, "VmRSS")
