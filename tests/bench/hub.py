"""A kepud for the benchmarks: its folder, its start, its answers, its memory."""
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def start(command, pattern, log):
    """The process, and the port that it says it listens on."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    while process.poll() is None:
        if found := re.search(pattern, log.read_text()):
            return process, int(found[1])
        time.sleep(0.02)
    sys.exit(f"{command[0]} ended:\n{log.read_text()}")


def stop(process):
    process.terminate()
    process.wait()


def start_kepud(build, work, passages):
    """kepud with a new state in `work`, which takes the files of the folder `passages` once."""
    shutil.rmtree(work, ignore_errors=True)
    (work / "sources.d").mkdir(parents=True)
    (work / "person.key").write_text(hashlib.sha256(b"for this benchmark alone").hexdigest())
    (work / "person.key").chmod(0o600)
    (work / "kepud.toml").write_text(
        f'state_dir = "state"\nconnector_dirs = ["{build}/lib/kepu/connectors"]\ncatalog_dir = "{ROOT}/config/catalog"\n'
        'sources_dir = "sources.d"\ntime_zone = "Asia/Shanghai"\n[http]\nlisten = "127.0.0.1:0"\n[persons]\nkey_file = "person.key"\n')
    (work / "sources.d/gates.toml").write_text(f'connector = "venue_turnstile"\nevery = "1h"\n[settings]\nfolder = "{passages}"\nsettle = "1ms"\n')
    return start([build / "bin/kepud", "--config", work / "kepud.toml"], r" listens on [^ ]*:(\d+) ", work / "log")


def get(port, target):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{target}", timeout=60) as answer:
        return answer.read()


def wait_for_run(process, port, meanwhile=lambda: None):
    """The first run, once it has ended well."""
    while True:
        if process.poll() is not None:
            sys.exit("kepud ended")
        meanwhile()
        runs = json.loads(get(port, "/api/v1/runs"))["data"]
        if runs and runs[0]["ended"]:
            break
        time.sleep(0.02)
    if runs[0]["status"] != "ok" or runs[0]["inserted"] == 0:
        sys.exit(f"the run went wrong: {runs[0]}")
    return runs[0]


def memory_kib(pid, what):
    """`what`: VmRSS for now, VmHWM for the peak. 0: the process is gone."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def idle_mib(process):
    time.sleep(3)
    return memory_kib(process.pid, "VmRSS") / 1024


def report(result, file):
    for name, value in result.items():
        print(f"{name:26} {value:,.2f}" if isinstance(value, float) else f"{name:26} {value:,}")
    file.write_text(json.dumps(result, indent=1) + "\n")
