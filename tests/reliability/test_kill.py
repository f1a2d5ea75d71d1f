"""kill -9 of the agent and of the broker at random moments: what the agent has accepted arrives,
whole, under one id, and at most once more for each kill."""

import re
import signal
import threading

import pytest
from agent import Agent
from broker import Broker
from conftest import form, ids_in
from listener import Listener

ACCEPTED = r"shot (\d+) accepted"


def make_agent(broker, spool, interval_s):
    return Agent(port=broker.port, camera={"fps": 120.0}, picture={"payload": "json"},
                 schedule={"interval_s": interval_s}, mqtt={"retain": False},
                 commands={"per_s": 100.0, "burst": 100},
                 spool={"mode": "disk", "path": str(spool), "late_per_s": 0.0})


def accepted(agent):
    return {int(seq) for seq in re.findall(ACCEPTED, agent.log())}


def grow(agent, listener, by):
    """Until the agent has accepted so many more: on command, and by its timer without a broker."""
    goal = len(accepted(agent)) + by
    while (now := len(accepted(agent))) < goal:
        listener.ask_for_pictures(8)
        agent.wait_log(ACCEPTED, count=min(goal, now + 5))


def moment(random, most_s):
    threading.Event().wait(random.uniform(0, most_s))


class Bookkeeping:
    """Which pictures are owed, by what the agents have logged and what lies in the spool."""

    def __init__(self, spool):
        self.spool = spool
        self.owed = set()
        self.runs = set()

    def close_run(self, agent):
        seqs, waiting = accepted(agent), ids_in(self.spool)
        delivered = set(re.findall(r"picture (\w+-\d+) delivered", agent.log()))
        run = {id.rsplit("-", 1)[0] for id in waiting | delivered} - self.runs
        if seqs:
            assert len(run) == 1, f"{len(seqs)} accepted, and no trace of them"
            self.owed |= {f"{min(run)}-{seq}" for seq in seqs}
        self.runs |= run
        self.owed |= waiting


def kill_broker(broker, listener, agent, random):
    grow(agent, listener, random.randint(1, 10))
    moment(random, 0.02)
    broker.kill()
    agent.wait_log(ACCEPTED, count=len(accepted(agent)) + random.randint(1, 3))
    listener.expect_new_connection()
    agent.process.send_signal(signal.SIGSTOP)  # who comes first misses nothing
    broker.start()
    listener.wait_connected()
    agent.process.send_signal(signal.SIGCONT)


@pytest.fixture
def broker():
    broker = Broker()
    yield broker
    broker.close()


@pytest.fixture
def listener(broker):
    listener = Listener(broker.port)
    yield listener
    listener.close()


def drain(broker, listener, spool, books):
    waiting = len(ids_in(spool))
    agent = make_agent(broker, spool, 0.0).start()
    agent.wait_log(f"connected to .*, {waiting} pictures waiting")
    if waiting > 0:
        agent.wait_log("picture .* delivered late", count=waiting)
    lost = listener.wait_heard(books.owed)
    agent.stop()
    agent.close()
    assert ids_in(spool) == set(), "delivered, and still in the spool"
    return lost


def test_kills_of_agent_and_broker(broker, listener, folder, seed, tell):
    kills, broker_kills, pictures = form((60, 15, 1500), (200, 50, 10000))
    spool, books = folder / "spool", Bookkeeping(folder / "spool")
    with_broker = set(seed.sample(range(kills), broker_kills))
    for number in range(kills):
        agent = make_agent(broker, spool, 0.1).start()
        agent.wait_log("connected to")
        if number in with_broker:
            kill_broker(broker, listener, agent, seed)
        grow(agent, listener, seed.randint(1, 2 * pictures // kills))
        moment(seed, 0.02)
        agent.process.kill()
        agent.process.wait()
        books.close_run(agent)
        agent.close()
    lost = drain(broker, listener, spool, books)
    again = sum(listener.heard[id] - 1 for id in listener.heard)
    tell(f"{kills} kills of the agent, {broker_kills} of the broker: {len(books.owed)} accepted, "
         f"{len(lost)} lost, {len(listener.corrupt)} corrupt, {again} twice")
    assert lost == set() and listener.corrupt == []
    assert again <= kills + broker_kills
    assert len(books.owed) >= pictures / 2
