#!/usr/bin/env python3
"""A real kepud over real files: killed while it ingests, and in the end every figure equals the truth.

The truth comes from tests/bench/truth.py, which shares no code with the daemon. KEPU_TEST_LONG=1: more kills.
"""
import argparse
import pathlib
import random
import sys
import tempfile
import time

from hub import LONG, Hub, compare, fail_to_start, generate, true_figures, wait_until_taken

ROWS = 200_000 if LONG else 30_000
KILLS = 60 if LONG else 12


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_end_to_end_") as name, Hub(build, pathlib.Path(name)) as hub:
        passages = hub.add_gates()
        generate(passages, ROWS)
        truth = true_figures(passages)
        rng = random.Random(1)
        for _ in range(KILLS):
            hub.start()
            hub.port()
            time.sleep(rng.random() * 0.4)  # the moment of the kill is what the test varies
            hub.kill()
        hub.start()
        wait_until_taken(hub)
        compared = compare(hub, truth)
        code, said = fail_to_start(hub)
        if code != 3 or "another kepud" not in said:
            sys.exit(f"a second kepud on one state folder ended with {code}: {said}")
        hub.stop()
        print(f"{compared} figures equal the truth after {KILLS} kills")


if __name__ == "__main__":
    main()
