"""kill -9 at every system call of keeping a setting that was changed over MQTT."""

import os
import re
import shutil
import subprocess

import pytest
from agent import BUILD
from conftest import UNTRACED

WRITER = BUILD / "bin" / "changes_writer"

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def write(folder, first, last, *prefix):
    """What the writer said, word by word, and whether it died."""
    done = subprocess.run([*prefix, WRITER, folder, str(first), str(last)], text=True, check=False,
                          capture_output=True, env={**os.environ, **UNTRACED})
    return [line.split() for line in done.stdout.splitlines()], done.returncode != 0


def found(folder):
    done = subprocess.run([WRITER, folder], text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"the file is not whole: {done.stderr}"
    return int(done.stdout.split()[1])


def fresh(folder, is_first):
    shutil.rmtree(folder, ignore_errors=True)
    if not is_first:
        assert write(folder, 50, 50) == ([["put", "50"], ["kept", "50"]], False)


def system_calls(folder):
    trace = subprocess.run(["strace", "-o", "/dev/stdout", "-qq", "-e", "signal=none", WRITER, folder,
                            "51", "52"], text=True, capture_output=True, check=True,
                           env={**os.environ, **UNTRACED}).stdout
    calls = re.findall(r"^(\w+)\(", trace, re.M)
    return {name: calls.count(name) for name in calls if name != "execve"}


@pytest.mark.parametrize("is_first", [True, False])
def test_a_kill_at_every_system_call(folder, tell, is_first):
    state = folder / "state"
    fresh(state, is_first)
    counts = system_calls(state)
    assert counts["fsync"] == 4 and counts["renameat"] == 2
    kills = 0
    for name, count in sorted(counts.items()):
        for when in range(1, count + 1):
            fresh(state, is_first)
            said, died = write(state, 51, 52, "strace", "-qq", "-o", "/dev/null", "-e",
                               f"inject={name}:signal=KILL:when={when}")
            kept = [int(number) for word, number in said if word == "kept"]
            begun = [int(number) for word, number in said if word == "put"]
            before = kept[-1] if kept else 0 if is_first else 50
            assert found(state) in {before, *begun[len(kept):]}, f"killed at {name} number {when}"
            kills += died
    # what was left behind is in nobody's way
    assert write(state, 60, 60)[1] is False and found(state) == 60
    assert os.listdir(state) == ["a.changes"]
    tell(f"{kills} kills at {len(counts)} system calls: the old value or the new one each time")
    assert kills >= 0.9 * sum(counts.values())
