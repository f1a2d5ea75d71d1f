"""Whatever becomes of the driver, the agent stays connected, says so, and recovers."""

import os
import pathlib
import select
import signal
import stat
import time

import pytest

import picture
from agent import DRIVERS, PATIENCE

# the deadlines of agent/camera/camera.c: ping interval and answer, and the machine's slowness
OFFLINE_WITHIN_S = 5 + PATIENCE / 3


def offline(wire, mark):
    begin = time.monotonic()
    wire.wait("/camera", lambda m: m.payload == b"offline", mark, deadline_s=OFFLINE_WITHIN_S)
    return time.monotonic() - begin


def shot_works(wire, request_id):
    mark = wire.mark()
    wire.snapshot(request_id)
    event = wire.wait("/event", lambda m: m.json().get("request_id") == request_id, mark)
    assert event.json()["event_type"] == "captured", event


def connected_throughout(wire, mark):
    assert not [m for m in wire.since(mark, "/status") if m.payload == b"offline"]


@pytest.mark.parametrize("number,word", [(signal.SIGKILL, "Killed"), (signal.SIGABRT, "signal 6")])
def test_a_driver_that_dies(online, wire, number, word):
    agent = online()
    shot_works(wire, "before")
    mark = wire.mark()
    os.kill(agent.driver_pid(), number)
    offline(wire, mark)
    health = wire.wait("/health", lambda m: "fault" in m.json()["camera"], mark).json()
    assert word in health["camera"]["fault"]
    wire.wait("/camera", lambda m: m.payload == b"online", mark)
    shot_works(wire, "after")
    connected_throughout(wire, mark)
    assert wire.wait("/health", lambda m: m.json()["camera"]["restarts"] == 1, mark)


def test_a_driver_that_hangs_while_idle(online, wire):
    agent = online()
    mark = wire.mark()
    os.kill(agent.driver_pid(), signal.SIGSTOP)
    offline(wire, mark)
    assert "did not answer" in wire.wait("/health", lambda m: "fault" in m.json()["camera"],
                                         mark).json()["camera"]["fault"]
    wire.wait("/camera", lambda m: m.payload == b"online", mark)
    shot_works(wire, "after")
    connected_throughout(wire, mark)


def test_a_driver_that_hangs_in_a_shot(online, wire):
    agent = online(camera={"timeout_s": 1.0})
    mark = wire.mark()
    os.kill(agent.driver_pid(), signal.SIGSTOP)
    wire.snapshot("stuck")
    event = wire.wait("/event", lambda m: m.json().get("request_id") == "stuck", mark).json()
    assert event["event_type"] == "failed" and event["reason"]
    offline(wire, mark)
    wire.wait("/camera", lambda m: m.payload == b"online", mark)
    shot_works(wire, "after")
    connected_throughout(wire, mark)


def drivers_with(tmp_path, script):
    """A drivers folder whose pattern driver is `script` until its file `mended` appears."""
    driver = tmp_path / "still2mqtt-camera-pattern"
    driver.write_text(f"#!/bin/sh\n[ -e {tmp_path}/mended ] && "
                      f"exec {DRIVERS}/still2mqtt-camera-pattern\n{script}\n")
    driver.chmod(driver.stat().st_mode | stat.S_IXUSR)
    return tmp_path


@pytest.mark.parametrize("script,reason", [
    ("head -c 300 /dev/urandom >&3; exec sleep 60", "driver sent"),
    ("echo hello >&3; exec sleep 60", "driver sent"),
    ("exit 3", "ended with status 3"),
    ("kill -ABRT $$", "signal 6"),
    ("exec 3>&-; exec sleep 60", "in time"),
    ("yes garbage >&3", "driver sent"),
], ids=["random", "text", "exits", "aborts", "hangs up", "flood"])
def test_a_driver_that_is_broken(agents, wire, tmp_path, script, reason):
    drivers = drivers_with(tmp_path, script)
    agent = agents(drivers=drivers)
    wire.wait("/status", lambda m: m.payload == b"online")
    health = wire.wait("/health", lambda m: reason in m.json()["camera"].get("fault", "")).json()
    assert health["camera"]["fault"]
    mark = wire.mark()
    wire.snapshot("no")
    event = wire.wait("/event", lambda m: m.json().get("request_id") == "no", mark).json()
    assert event["event_type"] == "failed" and "offline" in event["reason"]
    (tmp_path / "mended").touch()
    wire.wait("/camera", lambda m: m.payload == b"online", mark)
    shot_works(wire, "yes")
    connected_throughout(wire, mark)
    assert agent.log().count("camera offline") <= 4, "the same fault is not logged again and again"


def test_a_missing_driver(agents, wire, tmp_path):
    agents(drivers=tmp_path)
    wire.wait("/status", lambda m: m.payload == b"online")
    health = wire.wait("/health", lambda m: "cannot start" in m.json()["camera"].get("fault", ""))
    assert str(tmp_path) in health.json()["camera"]["fault"]
    assert wire.wait("/camera").payload == b"offline"
    (tmp_path / "still2mqtt-camera-pattern").symlink_to(DRIVERS / "still2mqtt-camera-pattern")
    wire.wait("/camera", lambda m: m.payload == b"online")
    shot_works(wire, "yes")


def test_the_driver_goes_with_the_agent(online):
    agent = online()
    driver = agent.driver_pid()
    pidfd = os.pidfd_open(driver)
    agent.stop(signal.SIGKILL)
    readable, _, _ = select.select([pidfd], [], [], PATIENCE)
    assert readable, "the driver outlived its agent"
    os.close(pidfd)
    assert not pathlib.Path(f"/proc/{driver}/fd/3").exists()


def test_a_folder_without_pictures(agents, wire, tmp_path):
    agents(camera={"driver": "files", "path": str(tmp_path), "width": 64, "height": 48})
    health = wire.wait("/health", lambda m: str(tmp_path) in m.json()["camera"].get("fault", ""))
    assert health
    (tmp_path / "a.jpg").write_bytes(picture.jpeg(picture.photograph(64, 48)))
    wire.wait("/camera", lambda m: m.payload == b"online")
    shot_works(wire, "yes")
