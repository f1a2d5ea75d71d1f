"""A disk that is full, has no inodes left, is read-only, or fails to sync: pictures go on, health
says why within seconds, and all is well again once the disk is."""

import contextlib
import os
import shutil
import signal
import subprocess
import time

import pytest
from agent import PATIENCE, Agent
from broker import Broker
from conftest import ids_in
from wire import Wire

TOLD_S = 5
DISK = 8 << 20


@pytest.fixture
def broker():
    broker = Broker()
    yield broker
    broker.close()


@pytest.fixture
def wire(broker):
    wire = Wire(broker.port)
    yield wire
    wire.close()


@contextlib.contextmanager
def running(broker, wire, spool):
    agent = Agent(port=broker.port, schedule={"interval_s": 0.2, "on_start": True},
                  spool={"mode": "disk", "path": str(spool)}).start()
    wire.wait_count("/image", 3)
    assert spool_health(wire)["mode"] == "disk"
    yield agent
    assert agent.stop()[0] == 0
    agent.close()
    assert ids_in(spool) == set()


def spool_health(wire):
    return wire.since(topic="/health")[-1].json()["spool"]


@contextlib.contextmanager
def fault(wire, words, tell):
    """Within, the disk is to fail: it is told in time, and pictures go on meanwhile."""
    mark, begin = wire.mark(), time.monotonic()
    yield
    told = wire.wait("/health", lambda m: "fault" in m.json()["spool"], mark)
    spool = told.json()["spool"]
    assert spool["mode"] == "memory" and words in spool["fault"], spool
    assert told.at - begin <= TOLD_S
    tell(f"told {told.at - begin:.2f} s after: {spool['fault']}")
    wire.wait_count("/image", 5, wire.mark())


def mended(wire, mark):
    told = wire.wait("/health", lambda m: "fault" not in m.json()["spool"], mark, PATIENCE + 30)
    assert told.json()["spool"]["mode"] == "disk"
    wire.wait_count("/image", 3, wire.mark())


def fill_bytes(root):
    with open(root / "ballast", "wb", buffering=0) as ballast:
        with contextlib.suppress(OSError):
            while True:
                ballast.write(bytes(4096))
    return root / "ballast"


def fill_inodes(root):
    ballast = root / "ballast"
    ballast.mkdir()
    with contextlib.suppress(OSError):
        for number in range(10000):
            (ballast / str(number)).touch()
    return ballast


@pytest.mark.parametrize("fill, mkfs", [(fill_bytes, ()), (fill_inodes, ("-N", "64"))],
                         ids=["bytes", "inodes"])
def test_a_full_disk(broker, wire, loop_disk, tell, fill, mkfs):
    disk = loop_disk(DISK, *mkfs)
    with running(broker, wire, disk.root / "spool"):
        with fault(wire, "No space left", tell):
            ballast = fill(disk.root)
        mark = wire.mark()
        shutil.rmtree(ballast) if ballast.is_dir() else ballast.unlink()
        mended(wire, mark)


def test_a_disk_that_becomes_read_only(broker, wire, loop_disk, tell):
    disk = loop_disk(DISK)
    with running(broker, wire, disk.root / "spool"):
        with fault(wire, "Read-only file system", tell):
            disk.remount("ro")
        mark = wire.mark()
        disk.remount("rw")
        mended(wire, mark)


@pytest.fixture
def failing_sync():
    """Makes every fsync of a process fail from now on, until the end of the context."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")

    @contextlib.contextmanager
    def attach(pid):
        tracer = subprocess.Popen(
            ["strace", "-f", "-o", "/dev/null", "-e", "trace=fsync", "-e",
             "inject=fsync:error=EIO", "-p", str(pid)], stderr=subprocess.PIPE, text=True)
        said = tracer.stderr.readline()
        if "attached" not in said:
            tracer.kill()
            pytest.skip(f"strace may not attach here: {said.strip()}")
        yield
        tracer.send_signal(signal.SIGINT)
        tracer.wait()

    return attach


def test_a_disk_that_fails_to_sync(broker, wire, folder, failing_sync, tell):
    with running(broker, wire, folder / "spool") as agent:
        with contextlib.ExitStack() as failing:
            with fault(wire, "cannot sync", tell):
                failing.enter_context(failing_sync(agent.agent_pid()))
            mark = wire.mark()
        mended(wire, mark)
    assert os.listdir(folder / "spool") == []


def test_what_waits_in_memory_goes_to_the_disk_when_it_can(loop_disk):
    """Without a broker, and the disk full for a while: then a restart loses nothing."""
    disk, broker = loop_disk(DISK), Broker()
    spool = disk.root / "spool"
    broker.kill()
    options = {"port": broker.port, "spool": {"mode": "disk", "path": str(spool)},
               "schedule": {"interval_s": 0.2, "on_start": True}}
    agent = Agent(**options).start()
    agent.wait_log("shot .* accepted", count=2)
    ballast = fill_bytes(disk.root)
    agent.wait_log("pictures wait in memory: .*No space left")
    agent.wait_log("shot .* accepted", count=agent.log().count("accepted") + 3)
    ballast.unlink()
    agent.wait_log("the spool takes pictures again", PATIENCE + 30)
    agent.wait_log("shot .* accepted", count=agent.log().count("accepted") + 10)
    agent.process.kill()
    agent.process.wait()
    count = agent.log().count("accepted")
    agent.close()
    seqs = sorted(int(id.rsplit("-", 1)[1]) for id in ids_in(spool))
    assert seqs[:count] == list(range(1, count + 1)), "all that was accepted, in its order"
    broker.close()
