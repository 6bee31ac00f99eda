#!/usr/bin/env python3
"""The recomputed board's own arithmetic, at its edges, by numbers that anyone can work out by hand."""
import argparse
import datetime as dt
import sys
from fractions import Fraction

import board
import recompute


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}: {got}, not {want}")


def day(text):
    return dt.date.fromisoformat(text)


def check_shares():
    first, last = day("2021-01-01"), day("2025-12-31")
    for on, passed in (("2021-01-01", 1), ("2024-02-29", 1155), ("2025-12-30", 1825), ("2025-12-31", 1826), ("2026-07-01", 1826)):
        expect(f"the share of the plan's days on {on}", board.share_of_days(first, last, day(on)), Fraction(passed, 1826))
    school = [1, 0, 2, 2, 2, 2, 0, 0, 2, 2, 2, 2]
    for on, weight in (("2024-01-01", Fraction(1, 31)), ("2024-02-29", 1), ("2024-03-31", 3), ("2024-06-15", 8),
                       ("2024-08-31", 9), ("2024-12-31", 17), ("2025-01-01", 17)):
        expect(f"the share of a school year on {on}", board.share_of_profile(2024, school, day(on)), Fraction(weight) / 17)


def check_judging():
    half = Fraction(1, 2)
    for value, floor, comparator, expected, is_over, status in (
            (10, 10, ">=", half, False, "achieved"), (10, 10, ">", 1, False, "on_track"), (11, 10, ">", 1, False, "achieved"),
            (95, 200, ">=", half, False, "on_track"), (94, 200, ">=", half, False, "behind"),
            (60, 200, ">=", half, False, "behind"), (59, 200, ">=", half, False, "far_behind"),
            (0, 200, ">=", half, False, "far_behind"), (None, 200, ">=", half, False, "no_data"),
            (200, 200, ">", 1, True, "not_met"), (201, 200, ">", 1, True, "met"), (199, 200, ">=", 1, True, "not_met"),
            (None, 200, ">=", 1, True, "no_data"), (0, 200, ">=", 0, False, "on_track"),
            (Fraction(100 * 2_999_999_999, 3_000_000_000), 100, ">=", 1, True, "not_met")):
        judged = board.judge(value, floor, comparator, expected, is_over)
        expect(f"{value} against {comparator} {floor}", judged["status"], status)
    for low, value, high, comparator, status in (
            (18, 19, 20, ">=", "met_with_confidence"), (18, 19, 20, ">", "met"), (17, 18, 19, ">=", "met"),
            (17, 18, 19, ">", "cannot_tell"), (16, 17, 18, ">=", "cannot_tell"), (16, 17, 18, ">", "not_met"),
            (15, 16, 17.9, ">=", "not_met")):
        judged = board.judge_survey({"value": value, "low": low, "high": high}, 18, comparator)
        expect(f"{value} ({low} to {high}) against {comparator} 18", judged["status"], status)


def check_quantiles():
    for degrees, known in ((1, 12.7062), (10, 2.2281), (33, 2.0345), (1000, 1.9623)):  # of tables of Student's t
        expect(f"t of {degrees} degrees", round(board.quantile_of_t(0.975, degrees), 4), known)


def check_periods():
    def owed(*bounds):
        return board.periods_owed(*bounds)
    expect("quarters", [text for text, _, _ in owed("2021-Q3", "2022-Q2")], ["2021-Q3", "2021-Q4", "2022-Q1", "2022-Q2"])
    expect("a half-year", owed("2024-S2", "2024-S2"), [("2024-S2", day("2024-07-01"), day("2024-12-31"))])
    expect("a first quarter", owed("2024-Q1", "2024-Q1")[0][2], day("2024-03-31"))
    expect("years", [last for _, _, last in owed("2021", "2023")], [day(f"{year}-12-31") for year in (2021, 2022, 2023)])


def check_departments():
    departments = board.Departments(recompute.CATALOG)

    def codes(words, named):
        return [one["code"] for one in departments.resolved(words, named)]
    expect("a bureau that is written in two ways", codes(["区新经济与科技局", "区新经济和科技局"], []), ["economy_technology"])
    expect("how many subdistricts there are", len(codes(["各街道"], [])), 11)
    others = departments.resolved(["office_members"], ["区财政局", "区科协", "office_members"])
    expect("those that are named by themselves are no others", {"finance", "kexie"} & {one["code"] for one in others}, set())
    expect("how many others there are", len(others), len(departments.bodies["office_members"]["members"]) - 2)
    expect("what is known of them", {(one["through"], one["provisional"]) for one in others}, {("office_members", True)})


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    check_shares()
    check_judging()
    check_quantiles()
    check_periods()
    check_departments()


if __name__ == "__main__":
    main()
