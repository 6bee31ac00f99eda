"""Ingest of one file by kepud and its peers, side by side; the same again; larger files."""
import shutil

import inputs
import measuring
import peers
from measuring import MB, Missing, median, side_by_side

ROWS = 1_000_000


def kepud(bench, rows, check=None):
    """From the run's start to its recorded end; bytes of the store; peak memory of daemon and worker. `check`: is called
    with the hub after the run."""
    passages = bench.passages(rows)
    with measuring.start_kepud(bench.build, bench.work / "kepud", [passages.file]) as hub:
        worker = measuring.WorkerPeak(hub)
        run = measuring.wait_for_run(hub, worker)
        peak = measuring.memory(hub.process.pid, "VmHWM") + worker.bytes
        if check:
            check(hub)
        hub.stop()  # what waits in the log goes into the file
        return {"seconds": run["seconds"], "peak": peak, "bytes": (hub.folder / "state/kepu.db").stat().st_size}


def again(bench, file):
    """The file; the file touched; all its rows under another name, with one byte more so that it is new content."""
    with measuring.start_kepud(bench.build, bench.work / "kepud", [file]) as hub:
        first = measuring.wait_for_run(hub)
        there = hub.folder / "gates" / file.name
        copy = there.with_suffix(".tmp")
        shutil.copyfile(file, copy)
        copy.rename(there)
        touched = measuring.run_again(hub, first["run"])
        copy.write_bytes(b"\n" + file.read_bytes())
        copy.rename(there.with_name("z-again.csv"))
        second = measuring.run_again(hub, touched["run"])
        if touched["rows"] or second["rows"] != first["rows"] or second["inserted"]:
            raise SystemExit(f"these runs did not read what they should have: {touched} {second}")
        return {"seconds": first["seconds"], "touched": touched["seconds"], "again": second["seconds"], "changed": second["changed"]}


def peers_of(bench, passages):
    build, work, file = bench.build, bench.work, passages.file
    here = {
        "sqlite3 .import": lambda: peers.sqlite_import(work / "import.db", file),
        "Python": lambda: peers.python_script(work / "script.db", file),
        "bare": lambda: peers.bare(build, work / "bare.out", file),
    }
    if bench.quick:
        return here
    lines, grouped = peers.victoria_inputs(passages).items()
    return here | {
        "DuckDB": lambda: peers.duckdb(build, "plain", work / "duck.db", file),
        "DuckDB with a key": lambda: peers.duckdb(build, "keyed", work / "duck.db", file),
        "VictoriaMetrics, lines": lambda: peers.victoria_import(work / "victoria", *lines),
        "VictoriaMetrics, grouped": lambda: peers.victoria_import(work / "victoria", *grouped),
    }


# Row of the table -> (candidate, what is to be known of the comparison).
COMPARED = {
    "ingest_of_import": ("sqlite3 .import", "the first of rows with one key counts, rows no one can use are in"),
    "ingest_of_python": ("Python", ""),
    "ingest_of_duckdb": ("DuckDB", "repeated rows count twice"),
    "ingest_of_duckdb_keyed": ("DuckDB with a key", ""),
    "ingest_of_victoria_lines": ("VictoriaMetrics, lines", "times, venues and gates alone; until it can be queried, not on disk"),
    "ingest_of_victoria": ("VictoriaMetrics, grouped", "sorted by series beforehand; until it can be queried, not on disk"),
}


def measure(bench):
    passages = bench.passages(bench.rows)
    true = passages.visits()
    kepud(bench, bench.rows, lambda hub: measuring.compare(hub, passages.truth()))  # once; and files are warm for all
    done = side_by_side("ingest", {"kepud": lambda: kepud(bench, bench.rows)} | peers_of(bench, passages), bench.rounds)
    ours = median(done["kepud"])
    bench.put("ingest_s", ours, f"{bench.rows / ours:,.0f} rows a second; all figures equal the truth; median of {len(done['kepud'])}")
    bench.put("bytes_per_row", done["kepud"][-1]["bytes"] / bench.rows)
    for name, (candidate, note) in COMPARED.items():
        results = done.get(candidate)
        if results is None:
            bench.miss(name, "--quick leaves it out")
            continue
        if isinstance(results, Missing):
            bench.miss(name, results)
            continue
        theirs, wrong = median(results), inputs.differing(results[-1]["visits"], true)
        answers = f"{wrong:,} of {len(true):,} daily figures differ from the truth" if wrong else "its daily figures equal the truth"
        bench.put(name, theirs / ours, f"{theirs:.2f} s, median of {len(results)}; {answers}" + (f"; {note}" if note else ""))
    parts = {part: median(done["bare"], lambda one: one[f"{part}_s"]) for part in ("parse", "hash", "sort", "aggregate", "write")}
    bare = median(done["bare"])
    if wrong := inputs.differing(done["bare"][-1]["visits"], true):
        raise SystemExit(f"{wrong} daily figures of the bare program differ from the truth")
    told = ", ".join(f"{part} {seconds:.3f}" for part, seconds in parts.items())
    bench.put("ingest_to_bare", ours / bare, f"bare {bare:.3f} s on one core: {told}; its daily figures equal the truth")

    done = side_by_side("again", {"settled": lambda: again(bench, passages.settled()), "as it is": lambda: again(bench, passages.file)},
                        bench.rounds)
    for name, kind, part in (("again_to_first", "settled", "again"), ("corrected_to_first", "as it is", "again"), ("touched_to_first", "settled", "touched")):
        changed = f"{done[kind][-1]['changed']:,} rows change on the way; " if part == "again" else ""
        bench.put(name, median(done[kind], lambda one: one[part] / one["seconds"]), f"{changed}median of {len(done[kind])}")


def check_visits(bench, hub, rows):
    """Daily visits against the bare program's, which equal the truth: that takes too long and too much memory here."""
    want = {(venue, day): n for venue, day, n in peers.bare(bench.build, bench.work / "bare.out", bench.passages(rows).file)["visits"]}
    got, path = {}, "/api/v1/observations?indicator=venue.visits&freq=D&by=venue&limit=20000"
    while path:
        page = hub.ask(path)
        got.update({(row["venue"], row["period"]): row["value"] for row in page["data"]})
        path = page["next"]
    if got != want:
        raise SystemExit(f"daily visits of {rows:,} passages differ from those of the bare program")


def measure_sizes(bench):
    """Larger files, each beside 1 M in the same rounds."""
    of = lambda rows: lambda: kepud(bench, rows, lambda hub: check_visits(bench, hub, rows))
    for millions in (5, 20):
        names = [f"{name}_{millions}m" for name in ("time_per_row", "memory", "memory_flat")]
        if millions == 20 and not bench.large:
            for name in names:
                bench.miss(name, "--large asks for it")
            continue
        rows = millions * 1_000_000
        first, larger = side_by_side("size", {"kepud, 1 M": of(ROWS), f"kepud, {millions} M": of(rows)}, 3).values()
        peak, usual = (max(one["peak"] for one in done) for done in (larger, first))
        bench.put(names[0], median(larger) / rows / (median(first) / ROWS),
                  f"{median(larger):.2f} s, median of {len(larger)}; {larger[-1]['bytes'] / rows:.1f} bytes a passage; its daily visits equal the truth")
        bench.put(names[1], peak / MB)
        bench.put(names[2], peak / usual, f"{usual / MB:.0f} MB at 1 M")
