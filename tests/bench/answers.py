"""Answers of kepud, of its peers and of a minimal server that sends as many bytes, side by side at 64 connections."""
import json

import asking
import measuring
import peers
from measuring import Missing, median, side_by_side

DAYS = 90
SHIFTS = 275  # ranges of 90 days within the year
FIRST = 20_089  # 1 January 2025, in days since 1970
DAILY = "/api/v1/observations?indicator=venue.visits&freq=D&by=venue&from={}&to={}&limit={}"
# The limit, which none reaches, makes every question a new one.
OURS = '"/api/v1/observations?indicator=venue.visits&freq=D&by=venue&from=" .. day(n % 275) .. "&to=" .. day(n % 275 + 89) .. "&limit=" .. 6000 + n % 94000'
FASTIFY = '"/{}?from=" .. day(n % 275) .. "&to=" .. day(n % 275 + 89)'
VICTORIA_DAILY = "last_over_time(visits[1d])"


def of_range(visits, first):
    days = {measuring.day_text(day) for day in range(first, first + DAYS)}
    return {key: n for key, n in visits.items() if key[1] in days}


def check(who, got, visits):
    """Its answer to the first range against the truth."""
    got, true = {(venue, day): n for venue, day, n in got}, of_range(visits, FIRST)
    wrong = sum(got.get(key) != true.get(key) for key in got.keys() | true.keys())
    return f"{wrong:,} of {len(true):,} figures differ from the truth" if wrong else "its answer equals the truth"


def victoria(bench, passages):
    """VictoriaMetrics that holds the passages, and the daily figures as samples of noon."""
    peer = peers.Victoria(bench.work / "victoria-asked")
    try:
        target, file = list(peers.victoria_inputs(passages).items())[1]
        peer.post(target, file)
        daily = bench.work / "victoria-daily.txt"
        with open(daily, "w") as out:
            for (venue, day), n in passages.visits().items():
                out.write(f'visits{{venue="{venue}"}} {n} {int(measuring.moment(day + "T12:00:00+08:00")) * 1000}\n')
        peer.post("/api/v1/import/prometheus", daily)
        peer.get("/internal/force_flush")
        return peer
    except BaseException:
        peer.__exit__()
        raise


def victoria_script(query):
    """The same ranges, by the second before the midnights that end their first and last day."""
    target = peers.victoria_question(query, 0, DAYS - 1)
    start = (FIRST + 1) * 86_400 - 8 * 3600 - 1
    head = target[:target.index("&start=")]
    return asking.different(f'"{head}&start=" .. {start} + n % {SHIFTS} * 86400 .. ".999&end=" .. {start} + (n % {SHIFTS} + {DAYS - 1}) * 86400 .. '
                            f'".999&step=1d&nocache=1"')


def daily_peers(bench, passages, stops):
    """Row of the table -> (load, what its answer is against the truth), or Missing."""
    if bench.quick:
        why = Missing("--quick leaves it out")
        return dict.fromkeys(("daily_of_victoria", "daily_of_victoria_daily", "daily_of_fastify", "daily_of_fastify_passages"), why)
    visits, out = passages.visits(), {}
    try:
        peer = victoria(bench, passages)
        stops.append(peer.__exit__)
        for name, query in (("daily_of_victoria", peers.PASSAGES_A_DAY), ("daily_of_victoria_daily", VICTORIA_DAILY)):
            answer = peers.daily(peer.get(peers.victoria_question(query, FIRST, FIRST + DAYS - 1)))
            out[name] = asking.Load(bench.work, peer.port, victoria_script(query)), check(name, answer, visits)
    except Missing as why:
        out |= {"daily_of_victoria": why, "daily_of_victoria_daily": why}
    try:
        store = bench.work / "fastify.db"
        peers.remove(store)
        process, port = measuring.start(["node", "fastify.mjs", passages.file, store], r"listens on (\d+)", bench.work / "fastify.log",
                                        cwd=peers.node_folder(bench.build))
        stops.append(lambda: measuring.stop(process))
        for name, path in (("daily_of_fastify", "daily"), ("daily_of_fastify_passages", "passages")):
            rows = json.loads(measuring.get(port, f"/{path}?from={measuring.day_text(FIRST)}&to={measuring.day_text(FIRST + DAYS - 1)}"))["data"]
            known = {venue for venue, _ in visits}
            answer = [(row["venue"], row["period"], row["value"]) for row in rows if row["venue"] in known]
            out[name] = asking.Load(bench.work, port, asking.different(FASTIFY.format(path))), check(name, answer, visits)
    except Missing as why:
        out |= {"daily_of_fastify": why, "daily_of_fastify_passages": why}
    return out


def asked(load, hub, seconds, connections=asking.CONNECTIONS):
    with asking.ServerTime(hub) as time:
        done = load(seconds, connections)
    return done | {"server_ms": time.ms}


def uncached(load, hub, seconds, connections=asking.CONNECTIONS):
    hits = asking.counter(hub, "kepu_http_cache_hits_total")
    done = asked(load, hub, seconds, connections)
    if hits := asking.counter(hub, "kepu_http_cache_hits_total") - hits:
        raise SystemExit(f"{hits:.0f} of {done['requests']} answers came from the cache")
    return done


def measure_daily(bench, hub, passages, stops):
    ours = asking.Load(bench.work, hub.port(), asking.different(OURS))
    theirs = daily_peers(bench, passages, stops)
    loads = {name: load for name, load in theirs.items() if not isinstance(load, Missing)}
    uncached(ours, hub, 1)
    done = side_by_side("daily visits", {"alone": lambda: uncached(ours, hub, 1, 1), "kepud": lambda: uncached(ours, hub, 2)} |
                        {name: lambda load=load: load(2) for name, (load, _) in loads.items()}, bench.rounds)
    per_s = lambda name: median(done[name], lambda one: one["per_s"])
    bench.put("daily_ms", median(done["alone"], lambda one: one["server_ms"]),
              f"mean as kepud counts it, one connection; its client sees a p50 of {median(done['alone'], lambda one: one['p50_ms']):.2f} ms; "
              f"{per_s('kepud'):,.0f} a second at 64 connections; median of {len(done['kepud'])}")
    for name, load in theirs.items():
        if isinstance(load, Missing):
            bench.miss(name, load)
        else:
            bench.put(name, per_s("kepud") / per_s(name), f"{per_s(name):,.0f} a second; {load[1]}")


def measure_kept(bench, hub, stops):
    """What is cached, and what the client has already, against a server that does nothing but send as many bytes."""
    target = DAILY.format(measuring.day_text(FIRST), measuring.day_text(FIRST + DAYS - 1), 6000)
    etag = measuring.header(hub.port(), target, "ETag")
    for name, headers in (("cached", {}), ("not_modified", {"If-None-Match": etag})):
        ours = asking.Load(bench.work, hub.port(), asking.SAME, target, headers)
        body = len(measuring.get(hub.port(), target)) if name == "cached" else 0
        ours(1)
        process, port = measuring.start([bench.build / "bench/minimal_server", "0", str(body)], r"(\d+)\n", bench.work / "minimal.log")
        stops.append(lambda process=process: measuring.stop(process))
        minimal = asking.Load(bench.work, port, asking.SAME)
        minimal(1)
        done = side_by_side(name, {"alone": lambda: asked(ours, hub, 1, 1), "kepud": lambda: asked(ours, hub, 2), "minimal": lambda: minimal(2)},
                            bench.rounds)
        ratio = median([a["per_s"] / b["per_s"] for a, b in zip(done["kepud"], done["minimal"])], lambda one: one)
        told = f"{median(done['kepud'], lambda one: one['per_s']):,.0f} a second at 64 connections; {body:,} bytes"
        bench.put(f"{name}_of_minimal", ratio, f"{told}; median of {len(done['kepud'])}")
        bench.put(f"{name}_ms", median(done["alone"], lambda one: one["server_ms"]),
                  f"mean as kepud counts it, one connection; its client sees a p50 of {median(done['alone'], lambda one: one['p50_ms']):.3f} ms")


def measure(bench):
    passages, stops = bench.passages(bench.rows), []
    with measuring.start_kepud(bench.build, bench.work / "kepud", [passages.file]) as hub:
        try:
            measuring.wait_for_run(hub)
            measuring.compare(hub, passages.truth())
            measure_daily(bench, hub, passages, stops)
            for stop in stops:
                stop()
            stops.clear()
            measure_kept(bench, hub, stops)
        finally:
            for stop in stops:
                stop()
        hub.stop()
