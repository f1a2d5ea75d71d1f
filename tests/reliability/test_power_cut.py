"""Power cuts: an ext4 on a card that loses what was not flushed, at any of its writes."""

import contextlib
import pathlib
import select
import subprocess
import sys

from agent import PATIENCE
from conftest import Ledger, OwnMounts, Writer, form, look, run

WAITING = 20  # pictures in the spool at most
DISK = 32 << 20
REQUESTS = 60  # a cut falls on one of so many writes and flushes: some four pictures
MKFS = ("-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard")


class PowerDisk:
    """A file system on a card whose power can be cut."""

    def __init__(self):
        self.mounts = OwnMounts()
        self.root = self.mounts.root
        self.folder = self.mounts.directory / "card"
        self.folder.mkdir()
        self.power_ups = 0
        self.card = subprocess.Popen(
            [sys.executable, pathlib.Path(__file__).with_name("card.py"), self.folder, str(DISK)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        try:
            self._hear("ready")
            run("mkfs.ext4", "-q", *MKFS, self.folder / "0")
            self._mount()
        except BaseException:
            self.close()
            raise

    def _hear(self, expected):
        heard, _, _ = select.select([self.card.stdout], [], [], PATIENCE)
        said = self.card.stdout.readline().strip() if heard else "nothing"
        if said != expected:
            raise OSError(f"the card said {said}, not {expected}")

    def _mount(self):
        run("mount", "-o", "loop", self.folder / str(self.power_ups), self.root)

    def cut(self, after, share, seed):
        """At the `after`th write or flush from here; nothing on it gets on from then."""
        print("cut", after, share, seed, file=self.card.stdin)
        self._hear("cut")

    def power_up(self, dying):
        """For a new start: all that waits for the card fails, so that who used it can die."""
        self.power_ups += 1
        print("next", file=self.card.stdin)
        self._hear(str(self.power_ups))
        dying.wait()
        run("umount", self.root)
        self._mount()

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.card.stdin.close()  # which ends it, and all that waits for it
        self.card.wait()
        self.mounts.close()


def run_until_cut(disk, random, first, ledger, within, **options):
    """Lets a writer accept a random number of pictures, then cuts its power."""
    writer = Writer(disk.root / "spool", "put", 0, 20000, first, WAITING, **options)
    enough = random.randint(1, 40)
    lines = writer.lines()
    try:
        for word, number in lines:
            ledger.note(word, number)
            enough -= word == "accepted"
            if enough == 0:
                break
        assert enough == 0, "the writer gave up"
        share = random.choice((0, 1, random.random()))
        disk.cut(random.randint(1, within) if within else 0, share, random.randrange(1 << 32))
    finally:
        writer.process.kill()
    disk.power_up(writer.process)
    for word, number in lines:
        ledger.note(word, number)


class Tally:
    def __init__(self):
        self.accepted = self.lost = self.damaged = self.again = 0


def cut_often(disk, random, cuts, within=REQUESTS, **options):
    tally, ledger, first = Tally(), Ledger(), 1
    for _ in range(cuts):
        before = len(ledger.accepted)
        run_until_cut(disk, random, first, ledger, within, **options)
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


def test_nothing_accepted_is_lost(made, seed, tell):
    disk, cuts = made(PowerDisk), form(120, 300)
    tally = cut_often(disk, seed, cuts)
    tell(describe(tally, cuts, "with fsync"))
    assert tally.accepted > cuts
    assert tally.lost == 0 and tally.damaged == 0


def test_without_fsync_pictures_are_lost(made, seed, tell):
    """Else the test above would prove nothing. Without it nothing is written for seconds, so the cut
    does not wait for a write."""
    disk, cuts = made(PowerDisk), form(20, 60)
    tally = cut_often(disk, seed, cuts, within=0, program="spool_writer_unsynced")
    tell(describe(tally, cuts, "without fsync"))
    assert tally.lost > 0


def test_without_the_folders_fsync_pictures_are_lost(made, seed, tell):
    disk, cuts = made(PowerDisk), form(20, 60)
    tally = cut_often(disk, seed, cuts, program="spool_writer_unsynced",
                      environment={"SPOOL_WRITER_SYNCS": "files"})
    tell(describe(tally, cuts, "without fsync of the folder"))
    assert tally.lost > 0 and tally.damaged == 0
