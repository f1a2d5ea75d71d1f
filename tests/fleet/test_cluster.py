"""Two hundred agents on a RabbitMQ cluster of three nodes, of which one dies: everyone is back, and
nothing that was accepted is lost."""

import json
import time

import pytest

import rabbitmq
from broker import KEPT
from conftest import SIZE
from wire import Wire

INTERVAL_S = 3.0
BACK_S = 60
DELIVERED_S = 60


class Heard:
    """The seq of each agent's pictures, live and late."""

    def __init__(self, wire):
        self._wire = wire
        self._mark = 0
        self._metas = {}
        self.pictures = {}

    def update(self):
        messages = self._wire.since(self._mark)
        self._mark += len(messages)
        for message in messages:
            _, device, kind = message.topic.split("/")
            if kind == "meta":
                self._metas[device] = json.loads(message.payload)["seq"]
            elif kind == "image":
                self.pictures.setdefault(device, set()).add(self._metas[device])
            elif kind == "late":
                self.pictures.setdefault(device, set()).add(json.loads(message.payload)["seq"])
        return self

    def missing(self, accepted):
        return {device: seqs - self.pictures.get(device, set())
                for device, seqs in accepted.items() if seqs - self.pictures.get(device, set())}


def wait_until(holds, deadline_s, wire):
    """Looks at every message, until `holds` says nothing more; what it said last otherwise."""
    until = time.monotonic() + deadline_s
    while True:
        mark = wire.mark()
        why = holds()
        if not why:
            return
        left = until - time.monotonic()
        assert left > 0, why
        wire.wait("", mark=mark, deadline_s=left)


@pytest.fixture
def cluster():
    try:
        made = rabbitmq.RabbitMq(rabbitmq.fetch(KEPT / "rabbitmq"), nodes=3)
    except rabbitmq.Unavailable as why:
        pytest.skip(str(why))
    yield made
    made.close()


def test_a_node_dies(cluster, fleet, tell):
    ports = [node.port for node in cluster.nodes]
    urls = [" ".join(f"tcp://127.0.0.1:{ports[(first + n) % 3]}" for n in range(3))
            for first in range(3)]
    wire = Wire(cluster.port, topic="still2mqtt/+/+", v5=False)
    heard = Heard(wire)
    agents = fleet(urls, interval_s=INTERVAL_S)
    begin = time.monotonic()

    def silent(times):
        counts = {m.id: len(heard.update().pictures.get(m.id, ())) for m in agents.members}
        return {device: count for device, count in counts.items() if count < times}

    wait_until(lambda: silent(2), 120, wire)
    tell(f"{SIZE} agents on three nodes: two pictures of each after "
         f"{time.monotonic() - begin:.0f} s")

    orphans = {m.id for n, m in enumerate(agents.members) if n % 3 == 2}
    mark = wire.mark()
    killed = time.monotonic()
    cluster.nodes[2].kill()

    def away():
        return orphans - {m.topic.split("/")[1] for m in wire.since(mark, "/status")
                          if m.payload == b"online"}

    wait_until(away, BACK_S, wire)
    tell(f"one node killed: its {len(orphans)} agents are back after "
         f"{time.monotonic() - killed:.1f} s")

    wait_until(lambda: silent(8), 120, wire)
    # what was accepted until now, before and during the outage, is there
    accepted = {m.id: m.accepted() for m in agents.members}
    wait_until(lambda: heard.update().missing(accepted), DELIVERED_S, wire)
    tell(f"{sum(map(len, accepted.values()))} pictures accepted, 0 lost")
    wire.close()
