#!/usr/bin/env python3
"""Answers at 64 connections: kepud on 20,000 rows of sample data against minimal_server with a body of the same size,
side by side in one run. Cached: one question again and again. Uncached: no question twice. Medians of the rounds."""
import argparse
import pathlib
import re
import statistics
import subprocess
import sys

import measuring

ROWS = 20_000
CONNECTIONS = 64
HEAD = 350  # bytes before the body of an answer, about
CACHED = "/api/v1/observations?indicator=venue.visits&freq=M&by=subdistrict"
# Four shapes of questions in turn, twelve ranges of each; the limit, which none reaches, makes every target a new one.
QUESTIONS = """
local n = 0
function init(args) n = tonumber(args[1]) end
local shapes = {
  "venue.visits&freq=M&by=subdistrict&from=2025-%02d", "venue.visits&freq=D&from=2025-%02d-05&to=2025-12-20",
  "venue.visitors&freq=M&by=district&from=2025-%02d", "venue.visits&freq=W&by=district&from=2025-W%02d",
}
function request()
  n = n + 1
  local question = string.format(shapes[n % 4 + 1], math.floor(n / 4) % 12 + 1)
  return wrk.format("GET", "/api/v1/observations?indicator=" .. question .. "&limit=" .. 1000 + n % 98999)
end
"""
REPORT = """
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("result %d %d %d %d %d %d\\n", summary.requests, summary.duration, summary.bytes,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


def cache_hits(hub):
    return int(float(re.search(r"^kepu_http_cache_hits_total (\S+)$", measuring.get(hub, "/metrics").decode(), re.M)[1]))


def load(port, target, script, seconds, first=0):
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{port}{target}", "--", str(first)],
        check=True, capture_output=True, text=True)
    requests, micros, size, errors, p50, p99 = map(int, re.search(r"^result (.*)$", done.stdout, re.M)[1].split())
    if errors or not requests:
        sys.exit(f"{errors} of {requests} requests failed\n{done.stdout}")
    return {"per_s": requests / micros * 1e6, "p50_ms": p50 / 1000, "p99_ms": p99 / 1000, "bytes": size / requests, "requests": requests}


def compare(build, work, hub, kind, target, script, rounds, seconds):
    port = hub.port()
    warm = load(port, target, script, 1)
    asked = warm["requests"] + 2 * CONNECTIONS  # wrk does not count what is in flight when it ends
    body = max(1, round(warm["bytes"]) - HEAD)
    minimal, minimal_port = measuring.start([build / "bench/minimal_server", "0", str(body)], r"(\d+)\n", work / "minimal.log")
    ours, theirs = [], []
    try:
        load(minimal_port, "/", work / "same.lua", 1)
        for _ in range(rounds):
            hits = cache_hits(hub)
            ours.append(load(port, target, script, seconds, asked))
            hits = cache_hits(hub) - hits
            requests = ours[-1]["requests"]
            asked += requests + 2 * CONNECTIONS
            if hits < requests if kind == "cached" else hits > 0:
                sys.exit(f"{kind}: {hits} of {requests} answers came from the cache")
            theirs.append(load(minimal_port, "/", work / "same.lua", seconds))
    finally:
        measuring.stop(minimal)
    out = {"body_bytes": body}
    for name in ("per_s", "p50_ms", "p99_ms"):
        out[name] = statistics.median(one[name] for one in ours)
        out["minimal_" + name] = statistics.median(one[name] for one in theirs)
    out["of_minimal"] = statistics.median(a["per_s"] / b["per_s"] for a, b in zip(ours, theirs))
    return {f"{kind}_{name}": value for name, value in out.items()}


def measure(build, work, rounds, seconds):
    """The figures of both kinds; and what memory kepud holds after its run, before it is asked anything."""
    work.mkdir(parents=True, exist_ok=True)
    passages = work / "passages"
    if not passages.exists():
        measuring.generate(passages, ROWS)
    (work / "same.lua").write_text(REPORT)
    (work / "different.lua").write_text(QUESTIONS + REPORT)
    hub = measuring.start_kepud(build, work / "kepud", passages.glob("*.csv"))
    try:
        measuring.wait_for_run(hub)
        result = {"idle_mib_20000_rows": measuring.idle_mib(hub), "connections": CONNECTIONS}
        for kind, target, script in (("cached", CACHED, "same.lua"), ("uncached", "/", "different.lua")):
            result |= compare(build, work, hub, kind, target, work / script, rounds, seconds)
        return result | {"idle_mib_after_answers": measuring.idle_mib(hub)}
    finally:
        hub.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=measuring.ROOT / "build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures there")
    options = parser.parse_args()
    build = options.build.resolve()
    work = build / "bench/answers"
    measuring.report(measure(build, work, options.rounds, options.seconds), options.json or work / "result.json")


if __name__ == "__main__":
    main()
