#!/usr/bin/env python3
"""Prints what docs/clients.md says of llama-server's functions that are not run, from expected.txt."""
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent


def rows():
    """{file::function: (status, rest)}"""
    words = [line.split(maxsplit=2) for line in (HERE / "expected.txt").read_text().splitlines()]
    return {row[0]: (row[1], row[2] if len(row) > 2 else "") for row in words}


def section():
    found = rows()
    passed = sum(status == "pass" for status, _ in found.values())
    text = (f"Of its {len(found)} functions {passed} pass; the others, with their reasons:\n\n"
            "| functions | reason |\n| --- | --- |\n")
    reasons = defaultdict(lambda: defaultdict(list))
    for function, (status, reason) in found.items():
        if status == "fail":
            file, _, name = function.partition("::")
            reasons[reason][file].append(name)
    for reason, files in reasons.items():
        for file, names in files.items():
            listed = ", ".join(f"`{name}`" for name in names)
            text += f"| `{file}`: {listed} | {reason} |\n"
    return text


if __name__ == "__main__":
    print(section(), end="")
