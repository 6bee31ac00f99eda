#!/usr/bin/env python3
"""Writes the table of a result of run.py between the marks of README.md and README.zh-CN.md."""
import argparse
import json
import pathlib

import goals

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- bench: written by ./dev bench --readme -->", "<!-- /bench -->"
READMES = {
    "README.md": ("english", "Measured on {date}, {cores} cores ({cpu}), Linux {kernel}; {reached} of {judged} goals reached."),
    "README.zh-CN.md": ("chinese", "测于 {date}，{cores} 核（{cpu}），Linux {kernel}；{judged} 项目标中达到 {reached} 项。"),
}


def put_between_marks(text, table):
    """The text with the table in place of what was between its marks."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the marks {BEGIN} and {END} are not there")
    return f"{head}{BEGIN}\n{table}\n{END}{tail}"


def section(result, language, sentence):
    rows = result["rows"]
    judged = [row for row in rows if row["reached"] is not None]
    told = sentence.format(date=result["date"], **result["machine"], judged=len(judged), reached=sum(row["reached"] for row in judged))
    return f"{told}\n\n{goals.markdown(rows, language)}"


def write(result):
    for name, (language, sentence) in READMES.items():
        path = ROOT / name
        path.write_text(put_between_marks(path.read_text(), section(result, language, sentence)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=pathlib.Path, nargs="?", default=ROOT / "build/bench/result.json")
    write(json.loads(parser.parse_args().result.read_text()))


if __name__ == "__main__":
    main()
