"""What a network does to a connection, on a cable of the agent's own: nothing that was accepted is
lost or damaged, and a dead link is noticed in time.

STILL2MQTT_FULL=1 takes 300 pictures a fault, else it is 40.
"""

import base64
import hashlib
import time

import pytest

import netns
from agent import PATIENCE, Agent, steering
from broker import Broker, free_port
from wire import Wire

PICTURES = 300 if steering("FULL") == "1" else 40
# the agent's own promise; a sanitized build gets no more
FOUND_PUBLISHING_S = 15
FOUND_IDLE_S = 30
BACK_S = 2
RETRY_CAP_S = 45  # after cuts in a row that no stable minute lies between


class Lab:
    """A broker, an agent behind a cable, and a subscriber that hears all it publishes."""

    def __init__(self):
        self.cable = netns.Cable()
        self.port = free_port()
        self.broker = Broker(listeners=f"listener {self.port} {self.cable.host}")
        self.wire = Wire(self.broker.port)
        self.agent = None

    def start(self, interval_s, **groups):
        settings = {"camera": {"driver": "pattern", "width": 640, "height": 480, "fps": 30.0},
                    "schedule": {"interval_s": interval_s, "on_start": interval_s > 0},
                    "mqtt": {"url": f"mqtt://{self.cable.host}:{self.port}"}, **groups}
        self.agent = Agent(port=0, prefix=self.cable.prefix, **settings).start()
        self.wire.wait("/camera", lambda m: m.payload == b"online")
        return self.agent

    def find_down(self, deadline_s, since):
        """The seconds since `since` after which the agent found the link dead."""
        self.agent.wait_log("no link to", deadline_s=deadline_s + PATIENCE / 3,
                            count=self.downs + 1)
        return time.monotonic() - since

    @property
    def downs(self):
        return self.agent.log().count("no link to")

    @property
    def accepted(self):
        return self.agent.log().count("accepted:")

    def wait_accepted(self, count, deadline_s=None):
        self.agent.wait_log("shot .* accepted:", count=count, deadline_s=deadline_s)

    def heard(self):
        """seq -> ids of what arrived whole, live or late."""
        found = {}
        metas = {}
        for message in self.wire.since():
            if message.topic.endswith("/meta"):
                meta = message.json()
                metas[meta["id"]] = meta
            elif message.topic.endswith("/image"):
                meta = metas[message.user["id"]]
                self._check(message.payload, meta)
                found.setdefault(meta["seq"], []).append(meta["id"])
            elif message.topic.endswith("/late"):
                envelope = message.json()
                self._check(envelope["image"], envelope)
                found.setdefault(envelope["seq"], []).append(envelope["id"])
        return found

    @staticmethod
    def _check(text, meta):
        jpeg = base64.b64decode(text, validate=True)
        assert hashlib.sha256(jpeg).hexdigest() == meta["sha256"], f"picture {meta['seq']}"

    def expect_all(self, what, cuts):
        """Waits until the backlog is empty; every picture that was accepted has arrived."""
        self.wire.wait("/health", lambda m: m.json()["spool"]["pictures"] == 0
                       and m.json()["counters"]["captured"] >= PICTURES,
                       deadline_s=60 + 3 * PICTURES + PATIENCE)
        heard = self.heard()
        count = max(heard)
        lost = [seq for seq in range(1, count + 1) if seq not in heard]
        twice = sum(len(ids) - 1 for ids in heard.values())
        print(f"{what}: {count} accepted, {len(lost)} lost, {twice} twice, 0 corrupt, {cuts} cuts")
        assert count >= PICTURES
        assert lost == []
        assert twice <= cuts
        assert all(len(set(ids)) == 1 for ids in heard.values()), "a duplicate keeps its id"

    def close(self):
        try:
            if self.agent is not None:
                self.agent.close()
        finally:
            self.wire.close()
            self.broker.close()
            self.cable.close()


@pytest.fixture
def lab():
    why = netns.available()
    if why:
        pytest.skip(why)
    made = Lab()
    yield made
    made.close()


FAST = {"schedule": {"interval_s": 0.2, "on_start": True}, "device": {"id": "cam", "health_s": 1.0}}


def cut_often(lab, cut, heal):
    """Faults until PICTURES were accepted; returns how many."""
    cuts = 0
    while lab.accepted < PICTURES:
        ups = lab.agent.log().count("connected to")
        since = time.monotonic()
        cut()
        lab.find_down(FOUND_PUBLISHING_S, since)
        cuts += 1
        heal()
        lab.agent.wait_log("connected to", deadline_s=RETRY_CAP_S + PATIENCE, count=ups + 1)
        lab.wait_accepted(lab.accepted + 3)
    return cuts


def test_resets_within_a_picture(lab):
    lab.start(0.2, **FAST)
    sizes = iter([1000, 20000, 40, 9000, 60000] * PICTURES)
    cuts = cut_often(lab, lambda: lab.cable.reset_after(next(sizes)), lab.cable.heal)
    lab.expect_all("reset", cuts)


def test_half_open_while_publishing(lab):
    lab.start(0.2, **FAST)
    times = []
    for size in (None, 30000):
        lab.wait_accepted(lab.accepted + 3)
        ups = lab.agent.log().count("connected to")
        since = time.monotonic()
        lab.cable.swallow() if size is None else lab.cable.swallow_after(size)
        times.append(lab.find_down(FOUND_PUBLISHING_S, since))
        lab.cable.heal()
        lab.agent.wait_log("connected to", count=ups + 1)
    lab.wait_accepted(PICTURES, deadline_s=PICTURES + PATIENCE)
    print("half-open while publishing: found after",
          ", ".join(f"{seconds:.1f} s" for seconds in times))
    assert max(times) <= FOUND_PUBLISHING_S
    lab.expect_all("half-open", 2)


def test_half_open_while_idle(lab):
    lab.start(0.0)
    since = time.monotonic()
    lab.cable.swallow()
    seconds = lab.find_down(FOUND_IDLE_S, since)
    print(f"half-open while idle: found after {seconds:.1f} s")
    assert seconds <= FOUND_IDLE_S


def test_the_cable_is_pulled(lab):
    lab.start(0.2, **FAST)
    lab.wait_accepted(3)
    downs = lab.downs
    since = time.monotonic()
    lab.cable.unplug()
    found = lab.find_down(FOUND_PUBLISHING_S, since)
    # so long that the next try is far away
    lab.agent.wait_log("no link to .* next try", count=downs + 2)
    lab.wait_accepted(lab.accepted + 30, deadline_s=60)
    mark = lab.wire.mark()
    since = time.monotonic()
    lab.cable.plug()
    back = lab.wire.wait("/image", mark=mark).at - since
    print(f"cable pulled: found after {found:.1f} s; back after {back:.2f} s")
    assert found <= FOUND_PUBLISHING_S
    assert back <= BACK_S
    lab.wait_accepted(PICTURES, deadline_s=PICTURES + PATIENCE)
    lab.expect_all("cable pulled", 1)


def test_64_kbit_s(lab):
    """Slower than it is asked for: nothing is lost, and the link is not cut for being slow."""
    lab.cable.throttle("64kbit")
    lab.start(0.0, **{**FAST, "schedule": {"interval_s": 0.0, "on_start": False},
                      "camera": {"driver": "pattern", "width": 160, "height": 120}})
    for n in range(PICTURES):
        # without a request id, which would wait for its picture's delivery, as only so many may
        lab.wire.publish("still2mqtt/cam/command/snapshot")
        lab.wait_accepted(n + 1, deadline_s=30 + PATIENCE)
    lab.expect_all("64 kbit/s", 0)
    assert lab.downs == 0, lab.agent.log()


def test_a_picture_that_takes_longer_than_the_keepalive(lab):
    """Paho cuts the connection, for its ping waits behind the picture; the next one is longer."""
    lab.start(0.0, mqtt={"url": f"mqtt://{lab.cable.host}:{lab.port}", "keepalive_s": 5},
              camera={"driver": "pattern", "width": 1920, "height": 1080})
    lab.cable.throttle("64kbit")
    lab.wire.snapshot("large")
    lab.wire.wait("/image", deadline_s=120 + PATIENCE)
    assert "took longer than the keepalive allows" in lab.agent.log()
    assert len(set(lab.heard())) == 1


def test_five_percent_loss(lab):
    lab.cable.lose(5)
    lab.start(0.2, **FAST)
    lab.wait_accepted(PICTURES, deadline_s=PICTURES + PATIENCE)
    lab.cable.heal()
    lab.expect_all("5 % loss", lab.downs)


def test_an_mtu_hole(lab):
    lab.start(0.2, **FAST)
    lab.wait_accepted(3)
    since = time.monotonic()
    lab.cable.swallow_large(600)
    found = lab.find_down(FOUND_PUBLISHING_S, since)
    print(f"MTU hole: found after {found:.1f} s")
    assert found <= FOUND_PUBLISHING_S
    lab.wait_accepted(PICTURES, deadline_s=PICTURES + PATIENCE)
    downs = lab.downs
    lab.cable.heal()
    lab.expect_all("MTU hole", downs + 2)
