#!/usr/bin/env python3
"""Types what ./dev does not take: it is refused with exit code 2, before anything is installed, built or changed."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WRONG = ["", "nonsense", "build --nonsense", "run --nonsense", "run --port x", "run --port 70000", "test --nonsense",
         "lint dev", "clean build", "fmt --nonsense", "fmt nowhere.cpp", "fmt README.md"]


def main():
    readme = (ROOT / "README.md").read_bytes()
    wrong = []
    for words in WRONG:
        ended = subprocess.run([ROOT / "dev", *words.split()], capture_output=True, text=True, check=False)
        if ended.returncode != 2 or not ended.stderr:
            wrong.append(f"./dev {words}: exit code {ended.returncode}, said: {ended.stderr}")
    if (ROOT / "README.md").read_bytes() != readme:
        wrong.append("./dev fmt README.md changed it")
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
