"""What a worker in a process of its own costs: the same run with the connector in kepud's ingest's own process."""
import os
import pathlib
import shutil

import five_million
import measuring
from measuring import median, side_by_side


def cpu_seconds(hub):
    """Of the daemon and of its workers that have ended."""
    fields = pathlib.Path(f"/proc/{hub.process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def of_its_own(bench, file):
    with measuring.start_kepud(bench.build, bench.work / "kepud", []) as hub:
        empty = measuring.wait_for_run(hub)
        os.link(file, hub.folder / "gates" / file.name)
        cpu = cpu_seconds(hub)
        run = measuring.run_again(hub, empty["run"], every=0.2)
        measuring.wait_until("the worker is gone, and counted", lambda: not hub.children())
        cpu = cpu_seconds(hub) - cpu
        hub.stop()
        return {"seconds": run["seconds"], "cpu": cpu}


def within(bench, file):
    with measuring.start_kepud(bench.build, bench.work / "kepud", [file], start=False) as hub:
        (hub.folder / "state").mkdir(mode=0o700)
        done = five_million.in_process(bench, hub, "run", "gates")
        shutil.rmtree(hub.folder / "state")
        return {"seconds": done["seconds"], "cpu": done["cpu_s"]}


def measure(bench):
    file = bench.passages(bench.rows).file
    done = side_by_side("worker", {"worker": lambda: of_its_own(bench, file), "in process": lambda: within(bench, file)}, bench.rounds)
    for name, of in (("worker_wall", measuring.seconds_of), ("worker_cpu", lambda one: one["cpu"])):
        ours, theirs = median(done["worker"], of), median(done["in process"], of)
        bench.put(name, ours / theirs, f"{ours:.2f} s against {theirs:.2f} s, medians of {len(done['worker'])}; start, fence and end of the worker included")
