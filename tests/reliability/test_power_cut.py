"""Power cuts: an ext4 that is shut down without writing anything more, its journal included."""

import fcntl
import os
import struct
import threading

from conftest import Ledger, Writer, form, look

EXT4_IOC_SHUTDOWN = 0x8004587D
NOLOGFLUSH = struct.pack("I", 2)
WAITING = 20  # pictures in the spool at most
DISK = 64 << 20


def cut(disk):
    fd = os.open(disk.root, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, NOLOGFLUSH)
    finally:
        os.close(fd)


def run_until_cut(disk, random, first, ledger, **options):
    """Lets a writer accept a random number of pictures, then cuts its power a little later."""
    writer = Writer(disk.root / "spool", "put", 0, 20000, first, WAITING, **options)
    enough = random.randint(1, 40)
    timer = None
    for word, number in writer.lines():
        ledger.note(word, number)
        if word == "accepted":
            enough -= 1
            if enough == 0:
                timer = threading.Timer(random.uniform(0, 0.01), lambda: (cut(disk), writer.kill()))
                timer.start()
    timer.join()
    writer.process.wait()
    disk.unmount()
    disk.mount()


class Tally:
    def __init__(self):
        self.accepted = self.lost = self.damaged = self.again = 0


def cut_often(disk, random, cuts, **options):
    tally, ledger, first = Tally(), Ledger(), 1
    for _ in range(cuts):
        before = len(ledger.accepted)
        run_until_cut(disk, random, first, ledger, **options)
        found, damaged = look(disk.root / "spool")
        tally.accepted += len(ledger.accepted) - before
        tally.lost += len(ledger.must() - found)
        tally.damaged += damaged
        tally.again += len(found & ledger.gone)
        assert found <= ledger.put, "invented pictures"
        first = max(ledger.put) + 1
        ledger.carry_on(found)
    return tally


def describe(tally, cuts, how):
    return (f"{cuts} power cuts {how}: {tally.accepted} accepted, {tally.lost} lost, "
            f"{tally.damaged} damaged, {tally.again} would go again")


def test_nothing_accepted_is_lost(loop_disk, seed, tell):
    disk, cuts = loop_disk(DISK), form(60, 300)
    tally = cut_often(disk, seed, cuts)
    tell(describe(tally, cuts, "with fsync"))
    assert tally.accepted > cuts
    assert tally.lost == 0 and tally.damaged == 0


def test_without_fsync_pictures_are_lost(loop_disk, seed, tell):
    """Else the test above would prove nothing."""
    disk, cuts = loop_disk(DISK), form(10, 60)
    tally = cut_often(disk, seed, cuts, program="spool_writer_unsynced")
    tell(describe(tally, cuts, "without fsync"))
    assert tally.lost > 0


def test_without_the_folders_fsync_figures_only(loop_disk, seed, tell):
    """Loses one in fifty or so: too few to demand it of a short run, so it is only told."""
    disk, cuts = loop_disk(DISK), form(10, 60)
    tally = cut_often(disk, seed, cuts, program="spool_writer_unsynced",
                      environment={"SPOOL_WRITER_SYNCS": "files"})
    tell(describe(tally, cuts, "without fsync of the folder"))
    assert tally.damaged == 0
