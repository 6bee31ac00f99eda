"""What kepud answers of a plan's targets, departments and returns, against tests/sample/board.py. For sample_board.py."""
import datetime as dt
import sys

from hub import ROOT

sys.path.insert(0, str(ROOT / "tests/sample"))
import board  # noqa: E402

# The plan's first day; a day with subdistricts but no community covered; one survey's wave over and the other's not; the
# middle of a year, a leap day, the day on which a base is given up, the sample's last, the plan's last and the one after it.
DAYS = [dt.date.fromisoformat(day) for day in ("2021-01-01", "2021-05-15", "2022-09-15", "2023-06-30", "2024-02-29",
                                               "2024-11-01", "2025-11-30", "2025-12-31", "2026-01-01")]
SAMPLE_END = dt.date(2025, 11, 30)
SHARES = {"reached", "expected", "pace"}
SHARE_TOLERANCE = 1e-4  # they are told with four decimals
VALUE_TOLERANCE = 1e-6  # as of every figure
SURVEY_TOLERANCE = 1e-3  # percentage points; answers have a few decimals


def alike(key, got, want):
    if want is None or got is None or isinstance(want, (str, bool)):
        return got == want
    if key in SHARES:
        return abs(got - want) <= SHARE_TOLERANCE
    if isinstance(want, float):  # of a survey: all else is whole numbers and fractions
        return abs(got - want) <= SURVEY_TOLERANCE
    return abs(got - want) <= VALUE_TOLERANCE


class Comparison:
    """Collects what differs, so that all of it is told at once."""

    def __init__(self, hub):
        self.hub, self.compared, self.wrong = hub, 0, []

    def differ(self, where, got, want):
        self.wrong.append(f"{where}: answered {got}, recomputed {want}")

    def compare(self, where, got, want, key=""):
        """Every value of `want`; an answer may tell more beside it."""
        if isinstance(want, dict) and isinstance(got, dict):
            for name, value in want.items():
                if name in got:
                    self.compare(f"{where} {name}", got[name], value, name)
                else:
                    self.differ(f"{where} {name}", "nothing", value)
        elif isinstance(want, list) and isinstance(got, list) and len(got) == len(want):
            for number, value in enumerate(want):
                self.compare(f"{where}[{number}]", got[number], value)
        else:
            self.compared += 1
            if isinstance(want, (dict, list)) or not alike(key, got, want):
                self.differ(where, got, want)

    def same(self, path, want):
        """The answer's rows, in their order."""
        self.compare(path, self.hub.ask(path)["data"], want)


def row_of(row):
    """How many facts went in is recomputed for surveys alone."""
    return row if row["kind"] == "survey" else {name: value for name, value in row.items() if name != "n"}


def one_input(part):
    """An entry of `inputs` or `years` of /targets/{id}."""
    judged = {name: part[name] for name in ("status", "reached", "pace")}
    out = {name: part[name] for name in ("from", "to", "value", "closed", "expected", "indicator", "counted", "entries")
           if name in part}
    out["floor"] = {"required": part["required"], **judged}
    if part["stretch"]:
        out["stretch"] = part["stretch"]
    if part["interval"]:
        out["interval"] = {name: part["interval"][name] for name in ("low", "high")}
        out["n"] = part["interval"]["n"]
    if "missing" in part:
        out["missing"] = [{"code": code} for code in part["missing"]]
        out["missing_entries"] = len(part["missing"])
    return out


def compare_target(comparison, one, question):
    """A target's own answer; and that the figures it names are those that anyone can ask for."""
    row = one["row"]
    path = f"/api/v1/targets/{row['target']}{question}"
    got = comparison.hub.ask(path)["data"]
    comparison.compare(path, got, {
        **{name: row[name] for name in ("name", "plan", "status", "stretch_status", "formula", "due")},
        "id": row["target"], "unit_name": row["unit"], "quote": one["quote"], "lead": one["lead"],
        "responsible": one["responsible"], "inputs": [one_input(part) for part in one["parts"]],
        "years": [one_input(part) for part in one["years"]]})
    for part, given in zip(one["parts"], got["inputs"]):
        if ("missing" in part) != ("missing" in given):
            comparison.differ(f"{path} {part['indicator']} missing", given.get("missing"), part.get("missing"))
        told = [line["value"] for line in comparison.hub.ask(given["observations"])["data"] if line["value"] is not None]
        comparison.compare(given["observations"], sum(told) if told else None, part["value"])


def compare_day(comparison, whole, question):
    """Everything that is asked of a day; `question`: "" or "?on=DAY"."""
    comparison.same(f"/api/v1/targets{question}", [row_of(one["row"]) for one in whole.targets])
    for one in whole.targets:
        compare_target(comparison, one, question)
    comparison.same(f"/api/v1/plans{question}", [whole.plan_row()])
    comparison.same(f"/api/v1/departments{question}", whole.department_rows())
    for code in whole.catalog.departments.all:
        comparison.same(f"/api/v1/departments/{code}{question}", [row_of(row) for row in whole.sheet(code)])


def compare_completeness(comparison, today):
    """All of the sample has come today."""
    comparison.same("/api/v1/completeness", sorted(today.completeness(), key=lambda row: row["return"]))
    comparison.same("/api/v1/completeness?by=department",
                    sorted(today.completeness_rows(), key=lambda row: row["department"]))


def compare_plan(hub, sample):
    """Every value of the board on every day, and today. Returns how many there are; ends the test where one differs."""
    today = dt.date.fromisoformat(hub.ask("/api/v1/targets")["meta"]["day"])
    boards = board.boards(sample, ROOT / "config/catalog", [*DAYS, today])
    shown = {one["row"]["status"] for one in boards[SAMPLE_END].targets}
    if left := {"achieved", "on_track", "behind", "far_behind", "cannot_tell", "no_data"} - shown:
        sys.exit(f"the board of {SAMPLE_END} shows nothing that is {left}")
    comparison = Comparison(hub)
    for day in DAYS:
        compare_day(comparison, boards[day], f"?on={day}")
    compare_day(comparison, boards[today], "")
    compare_completeness(comparison, boards[today])
    if comparison.wrong:
        sys.exit(f"{len(comparison.wrong)} of {comparison.compared} values of the board differ:\n" +
                 "\n".join(comparison.wrong[:40]))
    return comparison.compared
