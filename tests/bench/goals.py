"""What is to be reached, as data; how a figure is held against its goal; and the table. Pure."""
import dataclasses

AT_LEAST, AT_MOST = "at least", "at most"


@dataclasses.dataclass(frozen=True)
class Goal:
    """A row of the table. Without a bound it is told for information."""
    name: str
    english: str
    chinese: str
    bound: float | None = None
    compare: str = AT_LEAST
    unit: str = "×"


def _rows(*rows):
    return tuple(Goal(*row) for row in rows)


# By group, in the order of their running and of the table.
GOALS = {
    "ingest": _rows(
        ("ingest_s", "1 M passages, CSV to durable", "100 万条通行记录，从 CSV 到落盘", None, AT_MOST, "s"),
        ("ingest_of_import", "the same, times `sqlite3 .import`", "同上，为 `sqlite3 .import` 的倍数", 8.0),
        ("ingest_of_python", "the same, times Python csv + sqlite3", "同上，为 Python csv + sqlite3 的倍数", 15.0),
        ("ingest_of_duckdb", "the same, times DuckDB without key", "同上，为 DuckDB（无键）的倍数", 1.0),
        ("ingest_of_duckdb_keyed", "the same, times DuckDB with a key", "同上，为 DuckDB（有键）的倍数"),
        ("ingest_of_victoria_lines", "the same, times VictoriaMetrics, a line a passage", "同上，为 VictoriaMetrics（每条一行）的倍数", 1.0),
        ("ingest_of_victoria", "the same, times VictoriaMetrics, grouped by series", "同上，为 VictoriaMetrics（按序列分组）的倍数", 1.0),
        ("ingest_to_bare", "the same, against the bare program's time", "同上，与最简程序用时之比", 2.5, AT_MOST),
        ("again_to_first", "all its rows again under another name, unchanged, against the first time", "以另一文件名重读全部记录（内容未变），与首次用时之比", 1.0, AT_MOST),
        ("corrected_to_first", "the same where 1 % of the rows correct one another", "同上，其中约 1% 的记录互为更正"),
        ("touched_to_first", "the file touched and not changed, against the first time", "文件未变、仅时间更新，与首次用时之比", 1.0, AT_MOST),
        ("bytes_per_row", "store, history included, a passage", "每条记录占用的存储（含历史）", 30.0, AT_MOST, "B"),
    ),
    "size": _rows(
        ("time_per_row_5m", "5 M rows: time a row, against 1 M", "500 万条：每条用时与 100 万条之比", 1.3, AT_MOST),
        ("memory_5m", "5 M rows: peak of daemon plus worker", "500 万条：守护进程与工作进程的内存峰值", 120.0, AT_MOST, "MB"),
        ("memory_flat_5m", "5 M rows: that peak, against 1 M", "500 万条：内存峰值与 100 万条之比", 1.3, AT_MOST),
        ("time_per_row_20m", "20 M rows: time a row, against 1 M", "2000 万条：每条用时与 100 万条之比", 1.3, AT_MOST),
        ("memory_20m", "20 M rows: peak of daemon plus worker", "2000 万条：守护进程与工作进程的内存峰值", 120.0, AT_MOST, "MB"),
        ("memory_flat_20m", "20 M rows: that peak, against 1 M", "2000 万条：内存峰值与 100 万条之比", 1.3, AT_MOST),
    ),
    "answers": _rows(
        ("daily_ms", "daily visits of 60 venues over 90 days, uncached: server time", "60 个场馆 90 天的每日人次（无缓存）：服务端用时", 1.5, AT_MOST, "ms"),
        ("daily_of_victoria", "the same at 64 connections, times VictoriaMetrics without its cache", "同上，64 个连接，为 VictoriaMetrics（关闭缓存）的倍数", 2.0),
        ("daily_of_victoria_daily", "the same, times VictoriaMetrics that holds daily figures alone", "同上，为只存每日数的 VictoriaMetrics 的倍数"),
        ("daily_of_fastify", "the same, times Node fastify + better-sqlite3 on a table of daily figures", "同上，为 Node fastify + better-sqlite3（每日汇总表）的倍数", 10.0),
        ("daily_of_fastify_passages", "the same, times Node fastify + better-sqlite3 counting passages", "同上，为 Node fastify + better-sqlite3（逐条统计）的倍数"),
        ("cached_of_minimal", "the same cached, against a minimal Beast server", "同一问题命中缓存，与最简 Beast 服务器之比", 0.8),
        ("cached_ms", "the same cached: server time", "同一问题命中缓存：服务端用时", 0.1, AT_MOST, "ms"),
        ("not_modified_of_minimal", "304, against a minimal Beast server", "304，与最简 Beast 服务器之比", 0.8),
        ("not_modified_ms", "304: server time", "304：服务端用时", 0.1, AT_MOST, "ms"),
    ),
    "five-million": _rows(
        ("visitors_ms", "distinct visitors of the district over a year of 5 M passages, uncached", "500 万条中全区一年的去重人数（无缓存）", 20.0, AT_MOST, "ms"),
        ("as_of_ms", "`as_of` a month ago, one indicator, a year by month, 5 M facts", "500 万条事实，回看一个月前的一项指标（全年按月）", 20.0, AT_MOST, "ms"),
        ("ready_ms", "ready with 5 M facts", "存有 500 万条事实时就绪", 100.0, AT_MOST, "ms"),
        ("idle_mb", "idle with 5 M facts: memory", "存有 500 万条事实且空闲时的内存", 12.0, AT_MOST, "MB"),
        ("correction_ms", "one corrected row among 5 M, all figures moved and durable", "500 万条中更正一条，全部指标更新并落盘", 5.0, AT_MOST, "ms"),
        ("withdraw_s", "withdrawal of a run of 1 M beside 5 M", "在 500 万条之外撤回一次 100 万条的运行", 2.0, AT_MOST, "s"),
        ("withdraw_held_ms", "the same: other sources are held up for", "同上：其他来源最长等待", 5.0, AT_MOST, "ms"),
    ),
    "load": _rows(
        ("parts_per_s", "parts of 100 rows over 8 sources, each durable", "8 个来源、每次提交 100 条并落盘", 2000.0, AT_LEAST, "/s"),
        ("busy_p99", "questions while 200,000 rows a second come in: p99 against the quiet one", "每秒写入 20 万条时的查询 p99，与空闲时之比", 3.0, AT_MOST),
    ),
    "worker": _rows(
        ("worker_wall", "worker process against the same connector in process: wall time", "独立工作进程与进程内连接器之比：用时", 1.05, AT_MOST),
        ("worker_cpu", "the same: CPU time", "同上：CPU 时间", 1.15, AT_MOST),
    ),
}

GROUPS = tuple(GOALS)


def share(goal, value):
    """How much of the goal is reached; 1 and above: all of it."""
    if goal.compare == AT_LEAST:
        return value / goal.bound
    return goal.bound / value if value else float("inf")


def number(value):
    """As exact as anyone reads it."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.3f}"


def amount(goal, value):
    return f"{number(value)}{'' if goal.unit == '×' else ' '}{goal.unit}"


def judge(figures):
    """Rows for the table and the JSON. `figures`: name -> {"value", "note"} or {"missing": why}; rows of groups that
    did not run are left out."""
    rows = []
    for group, goals in GOALS.items():
        for goal in goals:
            figure = figures.get(goal.name)
            if figure is None:
                continue
            value = figure.get("value")
            rows.append({
                "group": group, "name": goal.name, "goal": goal.bound, "compare": goal.compare if goal.bound is not None else None,
                "unit": goal.unit, "measured": value, "reached": None if value is None or goal.bound is None else share(goal, value) >= 1,
                "missing": figure.get("missing"), "note": figure.get("note", ""),
            })
    return rows


WORDS = {
    "english": {"head": ("figure", "goal", "measured", "reached"), AT_LEAST: "at least {}", AT_MOST: "at most {}",
                "missing": "not measured: {}", "yes": "yes", "no": "no: {:.2f} of 1.0"},
    "chinese": {"head": ("指标", "目标", "实测", "是否达到"), AT_LEAST: "不低于 {}", AT_MOST: "不高于 {}",
                "missing": "未测：{}", "yes": "是", "no": "否：达到 {:.2f}"},
}


def verdict(goal, value, words):
    """Yes, no with the share of the goal, or nothing where there is no goal."""
    if value is None or goal.bound is None:
        return ""
    part = share(goal, value)
    return words["yes"] if part >= 1 else words["no"].format(min(part, 0.99))


def cells(rows, language="english"):
    """The table's text, head first."""
    words, goals = WORDS[language], {goal.name: goal for group in GOALS.values() for goal in group}
    table = [words["head"]]
    for row in rows:
        goal, value = goals[row["name"]], row["measured"]
        bound = "" if goal.bound is None else words[goal.compare].format(amount(goal, goal.bound))
        measured = words["missing"].format(row["missing"]) if value is None else amount(goal, value)
        table.append((getattr(goal, language), bound, measured, verdict(goal, value, words)))
    return table


def plain(rows):
    """The table for a terminal, what is to be known of a figure below it."""
    table = cells(rows)
    widths = [max(len(line[column]) for line in table) for column in range(4)]
    lines = []
    for line, row in zip(table, [None, *rows]):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        if row and row["note"]:
            lines.append("    " + row["note"])
    return "\n".join(lines)


def markdown(rows, language):
    head, *lines = cells(rows, language)
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ("---",) * 4, *lines))
