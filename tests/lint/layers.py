#!/usr/bin/env python3
"""Says which file includes or uses what its folder may not. The arrows are those of the architecture:
a folder may include itself, the folders listed for it, and what those may include. Nothing in the code is of one district.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

ARROWS = {
    "daemon/base": [],
    "daemon/asio": [],
    "daemon/model": ["daemon/base", "sdk/abi"],
    "daemon/wire": ["daemon/base", "sdk/abi"],
    "daemon/settings": ["daemon/model"],
    "daemon/measure": ["daemon/model"],
    "daemon/pipeline": ["daemon/measure", "daemon/wire"],
    "daemon/store": ["daemon/measure"],
    "daemon/plan": ["daemon/measure"],
    "daemon/query": ["daemon/store", "daemon/measure"],
    "daemon/http": ["daemon/query", "daemon/plan"],
    "daemon/supervisor": ["daemon/wire", "daemon/settings"],
    "daemon/worker": ["daemon/wire", "sdk/host"],
    "daemon/ctl": ["daemon/settings", "daemon/supervisor"],
    "sdk/abi": [],
    "sdk/cpp": ["sdk/abi"],
    "sdk/toolkit": ["sdk/cpp"],
    "sdk/host": ["sdk/abi"],
    "sdk/testing": ["sdk/cpp", "sdk/host"],
    "sdk/check": ["sdk/host", "sdk/testing", "sdk/toolkit"],
    "sdk/tool": ["sdk/host", "sdk/testing", "sdk/toolkit"],
    "plugins": ["sdk/cpp", "sdk/toolkit"],
}
EVERYTHING = {"daemon/app", "daemon/main.cpp"}  # they wire the others and are included by no one

# What one folder of the daemon and one of the SDK wraps, so that a change of library is a change of one folder.
ONLY_IN = {
    r"#\s*include\s*<sqlite3\.h>": ("SQLite", ["daemon/store"]),
    r"#\s*include\s*<toml\+\+": ("toml++", ["daemon/settings", "sdk/tool"]),
    r"#\s*include\s*<boost/beast": ("Beast", ["daemon/asio", "daemon/http", "daemon/ctl"]),
    r"#\s*include\s*<roaring": ("Roaring", ["daemon/measure"]),
    r"\bdlopen\s*\(": ("dlopen", ["sdk/host"]),
    r"\b(?:v?fork|posix_spawnp?|exec[lv]p?e?|execveat|fexecve|popen)\s*\(": (
        "starting processes", ["daemon/supervisor"]),
}
# Everything about a district is data in config/; its name and code are nowhere in the code.
DISTRICT = re.compile("锦江|成都|四川|Jinjiang|Chengdu|510104")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')


def reachable():
    """For each folder all folders that it may include."""
    closed = {}

    def close(folder):
        if folder not in closed:
            closed[folder] = {folder}
            for other in ARROWS[folder]:
                closed[folder] |= close(other)
        return closed[folder]

    for folder in ARROWS:
        close(folder)
    return closed


def folder_of(path):
    parts = path.relative_to(ROOT).parts
    if parts[0] == "plugins":
        return "plugins"
    return "/".join(parts[:2])


def included_folder(word, folders):
    """The folder of ours that an include names, or None when it is not ours."""
    head = word.split("/")
    if head[0] == "kepu":
        for folder in ("sdk/host", "sdk/testing", "sdk/toolkit"):
            if len(head) > 2 and head[1] == folder[4:]:
                return folder
        for folder in ("sdk/abi", "sdk/cpp", "sdk/toolkit"):
            if (ROOT / folder / word).exists():
                return folder
        return None
    candidate = "daemon/" + head[0]
    return candidate if len(head) > 1 and (candidate in folders or candidate in EVERYTHING) else None


def complaints():
    closed = reachable()
    for path in sorted(p for top in ("daemon", "sdk", "plugins") for p in (ROOT / top).rglob("*")
                       if p.suffix in (".cpp", ".hpp", ".h", ".c")):
        folder = folder_of(path)
        if "/tests/" in path.as_posix() or folder in EVERYTHING or folder == "sdk/scaffold":
            continue
        name = path.relative_to(ROOT)
        if folder not in closed:
            yield f"{name}: no arrow is known for folder {folder}; say in tests/lint/layers.py what it may include"
            continue
        code = COMMENT.sub(lambda m: "\n" * m.group().count("\n"), path.read_text("utf-8"))
        for match in INCLUDE.finditer(code):
            other = included_folder(match.group(2), closed)
            if other and other not in closed[folder]:
                line = code.count("\n", 0, match.start(1)) + 1
                yield f"{name}:{line}: {folder} may not include {other} ({match.group(2)})"
        for match in DISTRICT.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            yield f"{name}:{line}: {match.group()} is of one district, and belongs to config/"
        for pattern, (what, allowed) in ONLY_IN.items():
            if folder in allowed:
                continue
            text = code if "include" in pattern else STRING.sub('""', code)
            for match in re.finditer(pattern, text):
                line = text.count("\n", 0, match.start()) + 1
                yield f"{name}:{line}: {what} belongs to {', '.join(allowed)} alone"


def main():
    found = list(complaints())
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
