"""Two hundred agents on one mosquitto: all there, all shoot when asked, and none storms the broker
when it comes back."""

import collections
import datetime
import json
import re
import statistics
import time

from broker import Broker
from conftest import SIZE
from wire import Wire

START_S = 90
SPREAD_S = 10
LATE_S = 3  # for the camera's next frame on a machine that is busy with two hundred of them
CONNECTS_MAX = 20
BACK_S = 60


def wait_online(wire, mark=0, deadline_s=START_S):
    """Until every agent has said "online" since the mark; returns the seconds it took."""
    begin = time.monotonic()
    until = begin + deadline_s
    online = set()
    while len(online) < SIZE:
        left = until - time.monotonic()
        assert left > 0, f"{len(online)} of {SIZE} are online"
        wire.wait("/status", lambda m: m.payload == b"online" and m.topic not in online,
                  mark, deadline_s=left)
        online = {m.topic for m in wire.since(mark, "/status") if m.payload == b"online"}
    return time.monotonic() - begin


def wait_cameras(wire):
    until = time.monotonic() + START_S
    online = set()
    while len(online) < SIZE:
        wire.wait("/camera", lambda m: m.payload == b"online" and m.topic not in online,
                  deadline_s=max(0.1, until - time.monotonic()))
        online = {m.topic for m in wire.since(topic="/camera") if m.payload == b"online"}


def shoot_all(wire, request_id):
    """When each agent's frame was exposed, in seconds after the command."""
    mark = wire.mark()
    asked = time.time()
    wire.publish("still2mqtt/@all/command/snapshot",
                 {"request_id": request_id, "spread_ms": SPREAD_S * 1000})
    wire.wait_count("/image", SIZE, mark, deadline_s=SPREAD_S + START_S)
    metas = [json.loads(m.payload) for m in wire.since(mark, "/meta")]
    assert {meta["request_id"] for meta in metas} == {request_id}
    assert len({m.topic for m in wire.since(mark, "/image")}) == SIZE
    return sorted(datetime.datetime.fromisoformat(meta["captured_at"]).timestamp() - asked
                  for meta in metas)


def connects_per_second(log):
    return collections.Counter(re.findall(r"^(\d+): New client connected .* as still2mqtt-cam-",
                                          log, re.M))


def test_two_hundred_agents(fleet, tell):
    with Broker("max_queued_messages 0\nset_tcp_nodelay true") as broker:
        wire = Wire(broker.port)
        agents = fleet([broker.url])
        tell(f"{SIZE} agents online after {wait_online(wire):.1f} s")
        wait_cameras(wire)

        memory, load = agents.cost_over(10)
        tell(f"an agent with its driver: {statistics.mean(memory):.1f} MB of its own (most "
             f"{max(memory):.1f}), {100 * statistics.mean(load):.2f} % of a core at rest (most "
             f"{100 * max(load):.2f})")

        times = shoot_all(wire, "all-1")
        seconds = collections.Counter(int(t) for t in times)
        tell(f"@all within {SPREAD_S} s: first after {times[0]:.2f} s, last {times[-1]:.2f}, most "
             f"in one second {max(seconds.values())}")
        assert times[0] >= 0
        assert times[-1] <= SPREAD_S + LATE_S
        assert max(seconds.values()) <= 3 * SIZE / SPREAD_S

        wire.close()
        broker.kill()
        log_before = len(broker.log)
        broker.start()
        wire = Wire(broker.port)
        back_s = wait_online(wire, deadline_s=BACK_S)
        per_second = connects_per_second(broker.log[log_before:])
        tell(f"broker killed and restarted: all back after {back_s:.1f} s, most connects in one "
             f"second {max(per_second.values())}")
        assert sum(per_second.values()) >= SIZE
        assert max(per_second.values()) <= CONNECTS_MAX
        assert shoot_all(wire, "all-2")[-1] <= SPREAD_S + LATE_S
        wire.close()
