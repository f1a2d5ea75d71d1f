"""Health on the wire: what an operator looks for, at once when it matters, and what the service
manager hears meanwhile."""

import calendar
import os
import re
import signal
import socket
import time

import pytest

from agent import PATIENCE


def health(wire, where=lambda health: True, mark=0):
    return wire.wait("/cam/health", lambda m: where(m.json()), mark).json()


def test_an_operator_finds_it_all(agents, wire, tmp_path):
    spool = tmp_path / "spool"
    agent = agents(spool={"mode": "disk", "path": str(spool)}, device={"id": "cam", "health_s": 1.0})
    found = health(wire, lambda h: "model" in h["camera"] and "mqtt_version" in h["link"])
    version = agent.wait_log(r"still2mqtt (\S+): device cam").group(1)
    assert found["version"] == version
    assert found["camera"]["model"] and version in found["camera"]["library"]
    assert found["camera"]["rss_bytes"] > 100_000
    assert found["rss_bytes"] > 1_000_000
    assert 0 <= found["uptime_s"] < 60
    assert found["spool"]["disk_free_bytes"] > 0
    board = found["board"]
    with open("/proc/uptime") as uptime:
        assert abs(board["uptime_s"] - float(uptime.read().split()[0])) < 60
    with open("/proc/meminfo") as meminfo:
        total = int(re.search(r"MemTotal: +(\d+) kB", meminfo.read()).group(1)) * 1024
    assert board["memory_total_bytes"] == total
    assert 0 < board["memory_available_bytes"] <= total
    assert board["load"] >= 0
    assert found["causes"] == {} and "last_fault" not in found
    # a machine that does not say it is not given a number for it
    assert 0 not in [board.get("cma_total_bytes"), found.get("cpu_temperature_c")]


def test_what_goes_wrong_is_counted_by_cause_and_dated(online, wire):
    agent = online(device={"id": "cam", "health_s": 1.0})
    begin = time.time()
    wire.publish("still2mqtt/cam/command/snapshot", b"{")
    found = health(wire, lambda h: h["counters"]["commands_refused"] == 1)
    assert found["causes"] == {"commands_refused": {"invalid": 1}}
    assert "not JSON" in found["last_fault"]
    at = time.strptime(found["last_fault_at"][:19], "%Y-%m-%dT%H:%M:%S")
    assert begin - 2 <= calendar.timegm(at) <= time.time() + 1
    assert agent.process.poll() is None


def test_a_camera_that_dies_is_told_at_once(online, wire):
    agent = online(device={"id": "cam", "health_s": 3600.0})
    mark = wire.mark()
    before = agent.driver_pid()
    os.kill(before, signal.SIGKILL)
    lost = health(wire, lambda h: "fault" in h["camera"], mark)
    assert "model" not in lost["camera"] and "rss_bytes" not in lost["camera"]
    back = health(wire, lambda h: "model" in h["camera"] and h["camera"]["restarts"] == 1, mark)
    assert back["camera"]["rss_bytes"] > 100_000


class Manager:
    """A service manager's socket."""

    def __init__(self, folder):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.heard = []

    def wait(self, word, count=1):
        until = time.monotonic() + PATIENCE
        while sum(re.search(word, line) is not None for line in self.heard) < count:
            self.socket.settimeout(max(until - time.monotonic(), 0.01))
            self.heard.append(self.socket.recv(4096).decode())
        return next(i for i, line in enumerate(self.heard) if re.search(word, line))


@pytest.fixture
def manager(tmp_path):
    manager = Manager(tmp_path)
    yield manager
    manager.socket.close()


def test_the_service_manager_hears_of_ready_status_watchdog_and_end(agents, broker, manager):
    agent = agents(environment={"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "400000"})
    manager.wait("^READY=1$")
    manager.wait(f"^STATUS=camera online, connected to .*:{broker.port}$")
    manager.wait("^WATCHDOG=1$", 4)
    broker.stop()
    manager.wait("^STATUS=camera online, no link to .*:")
    mark = manager.heard.count("WATCHDOG=1")
    manager.wait("^WATCHDOG=1$", mark + 3)  # an agent without a broker is not stuck
    status, _ = agent.stop()
    assert status == 0
    manager.wait("^STOPPING=1$")


def test_an_agent_that_is_stuck_is_silent(agents, manager):
    agent = agents(environment={"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "400000"})
    manager.wait("^WATCHDOG=1$", 2)
    agent.process.send_signal(signal.SIGSTOP)
    manager.socket.settimeout(2)
    with pytest.raises(TimeoutError):
        while True:
            manager.socket.recv(4096)
    agent.process.send_signal(signal.SIGCONT)
    manager.wait("^WATCHDOG=1$", manager.heard.count("WATCHDOG=1") + 2)
