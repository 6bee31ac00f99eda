"""What the benchmarks share: a kepud with one source, its run, its memory; and the report."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from hub import ROOT, Hub, generate, wait_until  # noqa: E402,F401  (the kepud of the integration tests)


def start(command, pattern, log):
    """The process, and the port that it says it listens on."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)

    def port():
        if process.poll() is not None:
            sys.exit(f"{command[0]} ended:\n{log.read_text()}")
        return re.search(pattern, log.read_text())

    return process, int(wait_until(f"{command[0]} listens", port)[1])


def stop(process):
    process.terminate()
    process.wait()


def start_kepud(build, work, files):
    """kepud with a new state in `work`, which takes these files once."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    hub = Hub(build, work)
    passages = hub.add_gates(commit_rows=None, every="1h")
    for file in files:
        os.link(file, passages / file.name)
    hub.start()
    return hub


def get(hub, target):
    with urllib.request.urlopen(f"http://127.0.0.1:{hub.port()}{target}", timeout=60) as answer:
        return answer.read()


def wait_for_run(hub, meanwhile=lambda: None):
    """The first run, once it has ended well."""
    def ended():
        if hub.process.poll() is not None:
            sys.exit("kepud ended:\n" + hub.log())
        meanwhile()
        runs = hub.ask("/api/v1/runs")["data"]
        return runs and runs[0]["ended"] and runs[0]

    run = wait_until("the run ended", ended, deadline=3600)
    if run["status"] != "ok" or run["inserted"] == 0:
        sys.exit(f"the run went wrong: {run}")
    return run


def memory_kib(pid, what):
    """`what`: VmRSS for now, VmHWM for the peak. 0: the process is gone."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def idle_mib(hub):
    time.sleep(3)  # kepud tidies up after 2 s of rest
    return memory_kib(hub.process.pid, "VmRSS") / 1024


def report(result, file):
    for name, value in result.items():
        print(f"{name:26} {value:,.2f}" if isinstance(value, float) else f"{name:26} {value:,}")
    file.write_text(json.dumps(result, indent=1) + "\n")
