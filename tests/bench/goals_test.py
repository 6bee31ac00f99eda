#!/usr/bin/env python3
"""The table of the benchmarks: what is reached, what is not, and what is not measured is told so."""
import unittest

import goals
import readme

FASTER = goals.Goal("faster", "faster", "更快", 8.0)
SMALLER = goals.Goal("smaller", "smaller", "更小", 30.0, goals.AT_MOST, "B")
TOLD = goals.Goal("told", "told", "仅供参考", None, goals.AT_MOST, "s")


def verdict(goal, value):
    return goals.verdict(goal, value, goals.WORDS["english"])


class Table(unittest.TestCase):
    def test_the_bound_itself_is_reached(self):
        self.assertEqual([verdict(FASTER, 8.0), verdict(SMALLER, 30.0)], ["yes", "yes"])

    def test_what_is_not_reached_tells_its_share(self):
        self.assertEqual([verdict(FASTER, 4.8), verdict(SMALLER, 50.0)], ["no: 0.60 of 1.0", "no: 0.60 of 1.0"])

    def test_a_share_that_is_nearly_all_is_not_told_as_all(self):
        self.assertEqual(verdict(FASTER, 7.999), "no: 0.99 of 1.0")

    def test_a_figure_without_goal_is_not_judged(self):
        self.assertEqual(verdict(TOLD, 3.0), "")

    def test_every_row_has_a_name_of_its_own(self):
        names = [goal.name for group in goals.GOALS.values() for goal in group]
        self.assertEqual(len(names), len(set(names)))

    def test_rows_of_groups_that_did_not_run_are_left_out(self):
        self.assertEqual([row["name"] for row in goals.judge({"bytes_per_row": {"value": 25.0}})], ["bytes_per_row"])

    def test_what_is_not_measured_says_why_in_both_languages(self):
        rows = goals.judge({"ingest_of_duckdb": {"missing": "no npm"}})
        self.assertIsNone(rows[0]["reached"])
        self.assertEqual([goals.cells(rows, language)[1][2] for language in ("english", "chinese")], ["not measured: no npm", "未测：no npm"])

    def test_markdown_has_a_line_for_each_row(self):
        text = goals.markdown(goals.judge({"bytes_per_row": {"value": 40.0}}), "chinese")
        self.assertEqual(text.splitlines(), ["| 指标 | 目标 | 实测 | 是否达到 |", "| --- | --- | --- | --- |",
                                             "| 每条记录占用的存储（含历史） | 不高于 30.0 B | 40.0 B | 否：达到 0.75 |"])

    def test_a_table_takes_the_place_of_the_one_before(self):
        old = f"a\n{readme.BEGIN}\nold\n{readme.END}\nb\n"
        self.assertEqual(readme.put_between_marks(old, "new"), old.replace("old", "new"))

    def test_a_readme_without_marks_is_not_written(self):
        self.assertRaises(ValueError, readme.put_between_marks, "a\nb\n", "new")


if __name__ == "__main__":
    unittest.main()
