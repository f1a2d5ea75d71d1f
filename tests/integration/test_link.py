"""The broker comes and goes; the agent goes on, and ends when it is told to."""

import os
import shutil
import signal
import subprocess

import pytest

from agent import PATIENCE, Agent
from broker import Broker
from wire import Wire


def test_the_broker_is_down_at_the_start():
    broker = Broker()
    broker.kill()
    agent = Agent(port=broker.port, schedule={"interval_s": 0.5, "on_start": True}).start()
    agent.wait_log("camera online")
    agent.wait_log("no link to tcp://127.0.0.1")
    broker.restart()
    wire = Wire(broker.port)
    wire.wait("/image")
    wire.wait("/status", lambda m: m.payload == b"online")
    wire.close()
    agent.close()
    broker.close()


def test_the_broker_is_killed_and_comes_back(broker, agents):
    agent = agents(schedule={"interval_s": 0.2, "on_start": True})
    wire = Wire(broker.port)
    before = wire.wait_count("/meta", 3)[-1].json()["seq"]
    wire.close()
    broker.kill()
    agent.wait_log("no link to")
    agent.wait_log("shot .* accepted", count=agent.log().count("accepted") + 3)
    agent.process.send_signal(signal.SIGSTOP)  # it is not to be back before its subscriber
    broker.start()
    wire = Wire(broker.port)
    agent.process.send_signal(signal.SIGCONT)
    # the newest first, as live; what the outage held back follows as late, oldest first
    first = wire.wait("/meta").json()
    assert first["seq"] > before + 2
    late = [m.json()["seq"] for m in wire.wait_count("/late", 2)]
    assert late == sorted(late) and late[-1] < first["seq"]
    live = [m.json()["seq"] for m in wire.since(topic="/meta")]
    assert live == sorted(live), "a live view never goes back in time"
    wire.close()


def test_every_accepted_picture_arrives_once_around_an_outage(broker, agents):
    agent = agents(schedule={"interval_s": 0.1, "on_start": True}, spool={"late_per_s": 0.0})
    wire = Wire(broker.port)
    wire.wait_count("/meta", 3)
    broker.kill()
    wire.close()
    agent.wait_log("no link to")
    agent.wait_log("shot .* accepted", count=agent.log().count("accepted") + 5)
    broker.restart()
    wire = Wire(broker.port)
    first = wire.wait("/late").json()["seq"]
    last = wire.wait_count("/meta", 3)[-1].json()["seq"]
    for seq in range(first, last + 1):
        wire.wait("", lambda m: m.topic.endswith(("/meta", "/late")) and m.json()["seq"] == seq)
    late = [m.json()["seq"] for m in wire.since(topic="/late")]
    assert len(late) == len(set(late)), "late pictures come once"
    wire.close()


def test_sigterm_says_offline(online, wire):
    agent = online()
    mark = wire.mark()
    status, seconds = agent.stop()
    assert status == 0 and seconds < 2
    assert wire.wait("/status", mark=mark).payload == b"offline"


def test_kill_minus_9_says_offline_by_the_will(online, wire):
    agent = online()
    mark = wire.mark()
    agent.stop(signal.SIGKILL)
    assert wire.wait("/status", mark=mark).payload == b"offline"


def test_sigterm_without_a_broker(broker, agents):
    agent = agents()
    broker.kill()
    agent.wait_log("no link to")
    status, seconds = agent.stop()
    assert status == 0 and seconds < 2


@pytest.fixture
def silent_dns():
    """A network namespace whose name server never answers."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2 for a network namespace")
    name = f"s2m-dns-{os.getpid()}"

    def ip(*words):
        subprocess.run(["ip", *words], check=True)

    etc = f"/etc/netns/{name}"
    try:
        ip("netns", "add", name)
        ip("-n", name, "link", "add", "va", "type", "veth", "peer", "name", "vb")
        ip("-n", name, "addr", "add", "10.77.0.1/24", "dev", "va")
        for link in ("lo", "va", "vb"):
            ip("-n", name, "link", "set", link, "up")
        # packets to the name server leave and meet nobody
        ip("-n", name, "neigh", "add", "10.77.0.99", "lladdr", "02:00:00:00:00:99", "dev", "va")
        os.makedirs(etc, exist_ok=True)
        with open(f"{etc}/resolv.conf", "w") as file:
            file.write("nameserver 10.77.0.99\noptions timeout:20 attempts:2\n")
        yield ["ip", "netns", "exec", name]
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)
        shutil.rmtree(etc, ignore_errors=True)


def test_sigterm_while_dns_hangs(silent_dns):
    agent = Agent(port=0, prefix=silent_dns, mqtt={"url": "tcp://broker.test:1883"},
                  schedule={"interval_s": 0.2, "on_start": True}).start()
    # capture is not held up meanwhile
    agent.wait_log("shot .* accepted", count=5)
    status, seconds = agent.stop()
    assert status == 0 and seconds < 2, agent.log()
    agent.close()


def test_a_broker_that_never_answers(agents):
    """TCP is accepted, CONNACK never comes: told within ten seconds, and tried again."""
    import socket
    with socket.create_server(("127.0.0.1", 0)) as captive:
        agent = agents(port=captive.getsockname()[1])
        agent.wait_log("no link to", deadline_s=10 + PATIENCE / 3)
        assert agent.stop()[1] < 2


def test_the_log_of_an_outage_is_short(broker, agents):
    agent = agents()
    agent.wait_log("connected to")
    broker.kill()
    agent.wait_log("no link to")
    broker.restart()
    agent.wait_log("connected to", count=2)
    assert agent.log().count("no link to") <= 4
