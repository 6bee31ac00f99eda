#!/usr/bin/env python3
"""A real kepud that refused a row of a file: kepuctl retry has the file read again, and says when it is gone."""
import argparse
import pathlib
import subprocess
import sys
import tempfile

from hub import Hub, generate, wait_until


def kepuctl(hub, code, *words):
    """What it says; it must end with this code."""
    answer = subprocess.run([hub.build / "bin/kepuctl", "--config", hub.config, *words], capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, timeout=120)
    if answer.returncode != code:
        sys.exit(f"kepuctl {words} ended with {answer.returncode}:\n{answer.stdout}{answer.stderr}")
    return answer.stdout + answer.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="kepu_retry_") as name, Hub(build, pathlib.Path(name)) as hub:
        passages = hub.add_gates(every="1h")
        generate(passages, 2_000)
        file = min(passages.glob("*.csv"))
        head, row, *rows = file.read_text().splitlines()
        cells = row.split(",")
        cells[head.split(",").index("venue")] = "nowhere at all"
        file.write_text("\n".join([head, ",".join(cells), *rows]) + "\n")
        hub.start()

        def reject():  # of the spoilt row
            return next((one for one in hub.ask("/api/v1/rejects?limit=1000")["data"]
                         if one["input"] == file.name and one["place"] == 2), None)

        first = wait_until("the row is refused", reject)["id"]
        wait_until("the run ends", lambda: hub.sources()["gates"]["state"] == "ready")
        said = kepuctl(hub, 0, "retry", str(first))
        again = reject()
        if f"reject {first} is gone" not in said or not again or again["id"] == first:
            sys.exit(f"the file was not read again: {said}{again}")

        file.unlink()
        said = kepuctl(hub, 1, "retry", str(again["id"]))
        if f"stays: gates has no longer what it came from, {file.name}" not in said:
            sys.exit(said)
        text = hub.ask("/api/v1/runs?source=gates&limit=1")["data"][0]["text"]
        if f'"{file.name}" should be read again and did not come' not in text:
            sys.exit(text)
        if reject() != again:
            sys.exit("its reject changed")


if __name__ == "__main__":
    main()
