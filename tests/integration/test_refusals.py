"""What a real broker refuses, in MQTT 5 and 3.1.1: told in words, never counted as delivered where
the broker says so, and never in the way of what comes next."""

import pathlib
import re
import subprocess
import time

import pytest

from agent import SOURCE
from broker import Broker, fetched
from wire import Wire, make_client

REST_S = 30  # that a rival is left alone for


@pytest.fixture
def made(request):
    """Closes what a test makes."""
    things = []
    yield things
    for thing in reversed(things):
        thing.close()


def start(made, agents, broker, version="5", **groups):
    wire = Wire(broker.port)
    made += [broker, wire]
    agent = agents(port=broker.port, mqtt={"url": f"mqtt://127.0.0.1:{broker.port}",
                                           "version": version}, **groups)
    wire.wait("/camera", lambda m: m.payload == b"online")
    return agent, wire


def shoot(wire, name):
    mark = wire.mark()
    begin = time.monotonic()
    wire.snapshot(name)
    event = wire.wait("/event", lambda m: m.json().get("request_id") == name, mark)
    return event.json(), event.at - begin


def counters(wire):
    mark = wire.mark()
    return wire.wait("/health", mark=mark).json()["counters"]


HEALTH = {"id": "cam", "health_s": 1.0}
NO_IMAGE = "topic readwrite #\ntopic deny still2mqtt/cam/image\n"


def acl_broker(folder, text):
    path = folder / "acl"
    path.write_text(text)
    path.chmod(0o644)
    return Broker(config=f"acl_file {path}"), path


def test_an_acl_in_mqtt_5(made, agents, tmp_path):
    broker, acl = acl_broker(tmp_path, NO_IMAGE)
    agent, wire = start(made, agents, broker, device=HEALTH)
    event, _ = shoot(wire, "denied")
    assert event["event_type"] == "failed"
    assert "Not authorized" in event["reason"] and "135" in event["reason"]
    assert not wire.since(topic="/image")
    seen = counters(wire)
    assert seen["refused"] == 1 and seen["published"] == 0
    acl.write_text("topic readwrite #\n")
    broker.reload()
    event, seconds = shoot(wire, "allowed")
    assert event["event_type"] == "captured"
    assert seconds < 5
    assert agent.log().count("no link to") == 0, "a refusal is no reason to hang up"


def test_an_acl_in_3_1_1(made, agents, tmp_path):
    """The broker acknowledges what it throws away; health does not claim to know better."""
    broker, _ = acl_broker(tmp_path, NO_IMAGE)
    _, wire = start(made, agents, broker, version="3.1.1", device=HEALTH)
    shoot(wire, "denied")
    assert not wire.since(topic="/image")
    health = wire.wait("/health", lambda m: "mqtt_version" in m.json()["link"]).json()
    assert health["link"]["acknowledgements_trusted"] is False


def test_too_large_for_the_brokers_limit_on_messages(made, agents):
    """Mosquitto takes the packet, and refuses the message in it."""
    broker = Broker(config="message_size_limit 20000")
    agent, wire = start(made, agents, broker, device=HEALTH,
                        camera={"driver": "pattern", "width": 1920, "height": 1080})
    event, _ = shoot(wire, "large")
    assert event["event_type"] == "failed"
    assert "149" in event["reason"]
    assert counters(wire)["published"] == 0
    assert agent.log().count("no link to") == 0


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_too_large_for_the_brokers_limit_on_packets(made, agents, version):
    """MQTT 5 says the limit, so the picture is made to fit; before it, what broke the connection
    twice is set aside."""
    broker = Broker(config="max_packet_size 30000")
    agent, wire = start(made, agents, broker, version=version, device=HEALTH,
                        camera={"driver": "pattern", "width": 1920, "height": 1080})
    event, _ = shoot(wire, "large")
    if version == "5":
        assert event["event_type"] == "captured"
        assert len(wire.wait("/image").payload) < 30000
        assert agent.log().count("no link to") == 0
    else:
        assert event["event_type"] == "failed"
        assert "too large for it" in event["reason"]
        assert agent.log().count("connected to") == 3


@pytest.fixture
def quota_plugin(tmp_path):
    if not pathlib.Path("/usr/include/mosquitto_plugin.h").exists():
        pytest.skip("the headers of mosquitto's plugins are not installed (mosquitto-dev)")
    plugin = tmp_path / "quota.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", plugin,
                    SOURCE / "tests/support/quota_plugin.c"], check=True)
    return plugin


def quota_broker(plugin, refuse):
    """Of a mosquitto that knows the word, which Debian's stable releases do not have yet."""
    return Broker(config=f"plugin {plugin}\nplugin_opt_refuse {refuse}", program=fetched("sid"))


def test_a_quota_that_passes(made, agents, quota_plugin):
    """Tried again a little later, as the reason says; and what comes behind it is not lost."""
    broker = quota_broker(quota_plugin, 1)
    agent, wire = start(made, agents, broker, device=HEALTH)
    mark = wire.mark()
    wire.snapshot("over")
    wire.snapshot("next")
    for name in ("over", "next"):
        event = wire.wait("/event", lambda m, name=name: m.json()["request_id"] == name, mark)
        assert event.json()["event_type"] == "captured"
    seen = counters(wire)
    assert seen["refused"] == 0
    assert seen["published"] + seen["late"] == seen["captured"]
    assert agent.log().count("no link to") == 0


def test_a_quota_that_stays(made, agents, quota_plugin):
    """What the broker does not take waits, and is never counted as delivered."""
    broker = quota_broker(quota_plugin, 1000000)
    agent, wire = start(made, agents, broker, device=HEALTH)
    wire.snapshot("over")
    agent.wait_log("accepted:")
    for _ in range(3):  # attempts
        mark = wire.mark()
        wire.wait("/meta", mark=mark)
    health = wire.wait("/health", mark=wire.mark()).json()
    assert health["spool"]["pictures"] == 1
    assert health["counters"]["captured"] == 1
    assert health["counters"]["published"] == health["counters"]["late"] == 0
    assert not wire.since(topic="/image")
    assert agent.log().count("no link to") == 0


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_password_that_is_wrong(made, agents, version, tmp_path):
    broker = Broker(users={"cam": "right"})
    made.append(broker)
    secret = tmp_path / "password"
    secret.write_text("wrong")
    secret.chmod(0o600)
    agent = agents(port=broker.port, mqtt={
        "url": f"mqtt://127.0.0.1:{broker.port}", "version": version, "username": "cam",
        "password_file": str(secret)})
    said = agent.wait_log(r"no link to \S+: (.*)").group(1)
    assert re.search(r"refuses the connection: .*uthorized", said), said


class Rival:
    """Another client with the agent's id, which comes back at once each time."""

    def __init__(self, port, v5, stubborn):
        self.client = make_client(v5)
        self.client._client_id = b"still2mqtt-cam"
        self.client.reconnect_delay_set(1, 1)
        self.connects = 0
        self.client.on_connect = self._count
        self.stubborn = stubborn
        self.client.on_disconnect = self._give_up
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _count(self, *_):
        self.connects += 1

    def _give_up(self, *_):
        if not self.stubborn:
            self.client.disconnect()

    def close(self):
        self.stubborn = False
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_second_device_with_the_same_id(made, agents, version):
    broker = Broker()
    agent, _ = start(made, agents, broker, version=version)
    made.append(Rival(broker.port, version == "5", stubborn=True))
    said = agent.wait_log(r'another client with the id "still2mqtt-cam".*next try in ([\d.]+) s')
    assert "device.id and mqtt.client_id of its own" in said.group(0)
    assert float(said.group(1)) >= REST_S
    # at once where the broker names the reason (MQTT 5, not from mosquitto 2.0.11), else at the
    # third early end
    assert agent.log().count("connected to") <= 4
