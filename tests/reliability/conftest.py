"""What the tests of reliability share: how long they are, their seed, the programs they kill."""

import ctypes
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from agent import BUILD, steering  # noqa: E402

FULL = steering("FULL") == "1"

# the leak sanitizer cannot work in a process that is traced
UNTRACED = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def form(short, full):
    """The short form for every run, the long one for STILL2MQTT_FULL=1."""
    return full if FULL else short


@pytest.fixture
def seed(capfd):
    """A generator whose seed is printed, and can be given again as STILL2MQTT_SEED."""
    number = int(steering("SEED", time.time_ns() % 1000000))
    with capfd.disabled():
        print(f"\n    STILL2MQTT_SEED={number}", end=" ", flush=True)
    return random.Random(number)


@pytest.fixture
def tell(capfd):
    """Prints figures, whether the test passes or not."""

    def say(text):
        with capfd.disabled():
            print(f"\n    {text}", end=" ", flush=True)

    return say


class Writer:
    """One run of spool_writer: what it said, line by line."""

    def __init__(self, folder, *words, program="spool_writer", prefix=(), environment=None):
        self.process = subprocess.Popen(
            [*prefix, BUILD / "bin" / program, folder, *map(str, words)], stdout=subprocess.PIPE,
            text=True, env={**os.environ, **UNTRACED, **(environment or {})})

    def sentences(self):
        """Each whole line as its words, as it comes."""
        for line in self.process.stdout:
            if line.endswith("\n"):
                yield line.split()

    def lines(self):
        """Their first two words: what happened, and a number."""
        for words in self.sentences():
            yield words[0], words[1]

    def kill(self):
        self.process.kill()
        self.process.wait()


class Ledger:
    """What must be in the spool, may be there, and may not, by what its writer has said."""

    def __init__(self):
        self.put = set()
        self.accepted = set()
        self.gone = set()  # the broker may have it, so the file may be away

    def note(self, word, number):
        number = int(number)
        if word == "put":
            self.put.add(number)
        elif word == "accepted":
            self.accepted.add(number)
        elif word in ("begun", "acked"):
            self.gone.add(number)

    def must(self):
        return self.accepted - self.gone

    def carry_on(self, found):
        """What was found is what the next run begins with."""
        self.accepted = set(found)
        self.gone = set()


def look(folder):
    """What a new run finds: the numbers of whole pictures, and how many are damaged."""
    whole, damaged = set(), 0
    writer = Writer(folder, "check")
    for word, number in writer.lines():
        if word == "whole":
            assert int(number) not in whole, f"picture {number} is there twice"
            whole.add(int(number))
        else:
            damaged += 1
    assert writer.process.wait() == 0, "the spool did not open"
    left = [name for name in os.listdir(folder) if name.endswith(".tmp")]
    assert left == [], "what was not finished was not removed"
    return whole, damaged


def ids_in(folder):
    """The ids of the pictures in a spool, all of which must be whole."""
    found = list(Writer(folder, "check").sentences())
    assert all(words[0] == "whole" for words in found), found
    return {words[2] for words in found}


@pytest.fixture
def folder():
    """A folder on a real disk."""
    with tempfile.TemporaryDirectory(prefix="still2mqtt-spool-") as path:
        yield pathlib.Path(path)


def run(*words):
    subprocess.run(words, check=True, capture_output=True)


class OwnMounts:
    """An empty folder in memory, for mounts that this process and its children alone can see. They
    end with these processes, however those end; and nobody else can keep one from going away, as
    a mount namespace that somebody makes meanwhile would: it holds a copy of all mounts, a file
    system that is still held is not shut, and what mounts it anew gets it as it was left."""

    CLONE_NEWNS, MS_REC_SLAVE = 0x20000, 0x4000 | 1 << 19
    entered = False

    def __init__(self):
        self._enter()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="still2mqtt-disk-"))
        self.root = self.directory / "mount"
        try:
            run("mount", "-t", "tmpfs", "still2mqtt", self.directory)
            self.root.mkdir()
        except BaseException:
            self.close()
            raise

    @classmethod
    def _enter(cls):
        if not cls.entered:
            libc = ctypes.CDLL(None, use_errno=True)
            if (libc.unshare(cls.CLONE_NEWNS) != 0
                    or libc.mount(None, b"/", None, cls.MS_REC_SLAVE, None) != 0):
                raise OSError(ctypes.get_errno(), "this machine gives no mount namespace")
            cls.entered = True

    def close(self):
        for path in (self.root, self.directory):
            subprocess.run(["umount", "-l", path], check=False, capture_output=True)
        shutil.rmtree(self.directory, ignore_errors=True)


class LoopDisk:
    """A file system of its own, to be filled and frozen."""

    def __init__(self, size, *mkfs):
        self.mounts = OwnMounts()
        self.image, self.root = self.mounts.directory / "image", self.mounts.root
        try:
            with open(self.image, "wb") as image:
                image.truncate(size)
            run("mkfs.ext4", "-q", *mkfs, self.image)
            run("mount", "-o", "loop", self.image, self.root)
        except BaseException:
            self.close()
            raise

    def remount(self, options):
        run("mount", "-o", f"remount,{options}", self.root)

    def close(self):
        self.mounts.close()


@pytest.fixture
def made():
    """Makes what has mounts of its own, and ends it; skips where this machine does not allow it."""
    things = []

    def make(kind, *arguments):
        if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
            pytest.skip("needs root and mkfs.ext4 for a file system of its own")
        try:
            things.append(kind(*arguments))
        except (OSError, subprocess.CalledProcessError) as error:
            detail = getattr(error, "stderr", b"") or str(error).encode()
            pytest.skip(f"this machine does not mount it: {detail.decode().strip()}")
        return things[-1]

    yield make
    for thing in things:
        thing.close()


@pytest.fixture
def loop_disk(made):
    return lambda size, *mkfs: made(LoopDisk, size, *mkfs)
