"""The start with a full spool."""

import os
import pathlib
import statistics

from conftest import Writer

PICTURES = 10000
DEADLINE_MS = 500


def scan(folder):
    writer = Writer(folder, "scan")
    (_, ms), = writer.lines()
    writer.process.wait()
    return float(ms)


def drop_caches():
    try:
        os.sync()
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
        return True
    except OSError:
        return False


def test_ten_thousand_pictures_are_taken_in_at_once(folder, tell):
    spool = folder / "spool"
    writer = Writer(spool, "put", PICTURES, 2000, 1, PICTURES, program="spool_writer_unsynced")
    accepted = sum(word == "accepted" for word, _ in writer.lines())
    assert writer.process.wait() == 0 and accepted == PICTURES
    times = [scan(spool) for _ in range(5)]
    cold = f", {scan(spool):.0f} ms with cold caches" if drop_caches() else ""
    tell(f"{PICTURES} pictures: {statistics.median(times):.0f} ms{cold}")
    assert statistics.median(times) <= DEADLINE_MS
