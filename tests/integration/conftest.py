"""Fixtures of the wire tests: a real broker, real agents, a subscriber."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from agent import Agent  # noqa: E402
from broker import Broker  # noqa: E402
from ctl import Ctl, MadeUpCamera  # noqa: E402
from wire import Wire  # noqa: E402


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


@pytest.fixture
def agents(broker):
    """Makes agents of the broker; each is ended and its log looked through afterwards."""
    made = []

    def make(**options):
        options.setdefault("port", broker.port)
        agent = Agent(**options)
        made.append(agent)
        return agent.start()

    yield make
    for agent in made:
        agent.close()


@pytest.fixture
def online(agents, wire):
    """Makes an agent and waits until its camera is online on the wire."""

    def make(**options):
        mark = wire.mark()
        agent = agents(**options)
        wire.wait(f"/{agent.id}/camera", lambda m: m.payload == b"online", mark)
        return agent

    return make


@pytest.fixture
def ctl(broker, tmp_path):
    return Ctl(f"tcp://127.0.0.1:{broker.port}", tmp_path)


@pytest.fixture
def made_up(broker):
    made = []

    def make(*words, **options):
        made.append(MadeUpCamera(broker.port, *words, **options))
        return made[-1]

    yield make
    for camera in made:
        camera.close()
