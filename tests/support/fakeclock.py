"""A wall clock of an agent's own, which a test can set while the agent runs: libfaketime. The
monotonic clock stays the machine's."""

import datetime
import glob
import os
import pathlib
import re
import subprocess
import tempfile
import time

from agent import AGENT


def epoch(text):
    """Seconds of "2026-03-29T00:59:57Z", fractions too."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def library():
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    assert found, "libfaketime is missing: the package faketime"
    return found[0]


def sanitizer():
    """A sanitizer's library wants to come before all others."""
    needs = subprocess.run(["ldd", AGENT], capture_output=True, text=True, check=True).stdout
    return re.findall(r"/\S*lib[at]san\.so\S*", needs)


class FakeClock:
    """`environment` is for the agent; `zone` is its time zone."""

    def __init__(self, at, zone="UTC"):
        self.folder = tempfile.TemporaryDirectory(prefix="still2mqtt-clock-")
        self.file = pathlib.Path(self.folder.name) / "offset"
        self.set(at)
        self.environment = {
            "LD_PRELOAD": " ".join([*sanitizer(), library()]),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",  # its name before libfaketime 0.9.9
            "TZ": zone,
        }

    def set(self, at):
        """In one piece, since the agent reads it at any moment."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{epoch(at) - time.time():+.6f}\n")
        os.replace(new, self.file)

    def close(self):
        self.folder.cleanup()
