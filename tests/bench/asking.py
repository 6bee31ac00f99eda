"""Asking over HTTP with wrk: questions as Lua scripts, and what comes out."""
import re
import subprocess
import sys
import zlib

import measuring

CONNECTIONS = 64
REPORT = """
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("result %d %d %d %d %d %d\\n", summary.requests, summary.duration, summary.bytes,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
"""
SAME = REPORT
# No question twice: `first` numbers the first one. TARGET is an expression of n, with day(d) the text of the day of 2025.
DIFFERENT = """
local n = 0
local function day(d) return os.date("!%Y-%m-%d", (20089 + d) * 86400) end
function init(args) n = tonumber(args[1]) end
function request()
  n = n + 1
  return wrk.format("GET", TARGET)
end
""" + REPORT
PACED = "function delay() return DELAY end\n"


def different(target, pause_ms=None):
    return DIFFERENT.replace("TARGET", target) + (PACED.replace("DELAY", str(pause_ms)) if pause_ms else "")


class Load:
    """wrk on one server with one script; counts on, so that no question comes twice."""

    def __init__(self, work, port, script, target="/", headers={}):
        self.file = work / f"questions-{zlib.crc32(script.encode()):08x}.lua"
        self.file.write_text(script)
        self.url, self.first = f"http://127.0.0.1:{port}{target}", 0
        self.headers = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]

    def __call__(self, seconds, connections=CONNECTIONS):
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", self.file, *self.headers, self.url, "--", str(self.first)],
            check=True, capture_output=True, text=True)
        requests, micros, size, errors, p50, p99 = map(int, re.search(r"^result (.*)$", done.stdout, re.M)[1].split())
        if errors or not requests:
            sys.exit(f"{self.url}: {errors} of {requests} requests failed\n{done.stdout}")
        self.first += requests + 2 * connections  # wrk does not count what is in flight when it ends
        return {"seconds": seconds, "per_s": requests / micros * 1e6, "p50_ms": p50 / 1000, "p99_ms": p99 / 1000, "bytes": size / requests,
                "requests": requests}


def counter(hub, name):
    """Of /metrics, all its routes added."""
    lines = re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", measuring.get(hub.port(), "/metrics").decode(), re.M)
    return sum(map(float, lines))


class ServerTime:
    """Mean milliseconds from a request's last byte to its answer, as kepud counts them, over what is asked within."""

    def __init__(self, hub):
        self.hub = hub

    def read(self):
        text = measuring.get(self.hub.port(), "/metrics").decode()
        return [float(re.search(rf'^kepu_http_request_seconds_{what}{{route="observations"}} (\S+)$', text, re.M)[1]) for what in ("sum", "count")]

    def __enter__(self):
        self.before = self.read()
        return self

    def __exit__(self, *_):
        seconds, count = (after - before for after, before in zip(self.read(), self.before))
        self.ms = seconds / max(count, 1) * 1000
