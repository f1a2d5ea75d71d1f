"""The files of this repository, and their text without what is not code."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files():
    """What git tracks, and what it would if it were added: paths relative to ROOT, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return sorted({name for name in listed if name and (ROOT / name).is_file()})


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def texts(*suffixes, under=""):
    """(name, text) of the files below `under` that end so; of every text file without suffixes."""
    for name in files():
        if name.startswith(under) and (not suffixes or name.endswith(suffixes)):
            try:
                yield name, read(name)
            except UnicodeDecodeError:
                continue  # a picture


def is_script(text):
    return re.match(r"#!.*\b(ba)?sh\b", text) is not None


def blank(match):
    """The same number of lines, so that findings keep their line numbers."""
    return "\n" * match.group().count("\n") or " "


def without_comments(text):
    """C, C++ and JavaScript; strings stay."""
    token = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/'
    return re.sub(token, lambda m: m.group() if m.group()[0] in "\"'" else blank(m), text,
                  flags=re.S)


def code_only(text):
    """C, C++ and JavaScript without comments and without what is in strings."""
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', without_comments(text))


def lines_matching(pattern, text):
    """(line number, the words that match)"""
    for number, line in enumerate(text.splitlines(), 1):
        for match in re.finditer(pattern, line):
            yield number, match.group().strip()


def none(findings):
    """Fails with all of them, one a line."""
    findings = list(findings)
    if findings:
        pytest.fail("\n".join(findings), pytrace=False)
