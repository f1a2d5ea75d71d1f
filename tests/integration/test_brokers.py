"""One picture of 100 kB, of 1.4 MB and of 4 MB through each broker that people run, heard over TCP
and over WebSocket."""

import base64
import hashlib
import os
import pathlib
import re
import subprocess
import time

import numpy
import pytest

import picture
import rabbitmq
from agent import PATIENCE, Agent
from broker import KEPT, Broker, fetched
from old_broker import OldBroker
from wire import Wire

PAYLOADS = {"100 kB": 100_000, "1.4 MB": 1_400_000, "4 MB": 4_000_000}
SLOW_OVER_WEBSOCKET = "2.0.11"  # Debian 12's: 40 kB/s


def chosen():
    return os.environ.get("MOSQUITTO", "/usr/sbin/mosquitto")


def mosquitto(program):
    if not program or not pathlib.Path(program).exists():
        pytest.skip(f"there is no {program or 'mosquitto'} here")
    broker = Broker(program=str(program))
    told = subprocess.run([program, "-h"], capture_output=True, text=True).stdout
    broker.version = re.search(r"mosquitto version ([\d.]+)", told).group(1)
    return broker


def mosquitto_of(suite):
    return mosquitto(fetched(suite))


def rabbit():
    try:
        return rabbitmq.RabbitMq(rabbitmq.fetch(KEPT / "rabbitmq"))
    except rabbitmq.Unavailable as why:
        pytest.skip(str(why))


BROKERS = {
    "the system's mosquitto": lambda: mosquitto("/usr/sbin/mosquitto"),
    "the chosen mosquitto": lambda: mosquitto(chosen()),
    "sid's mosquitto": lambda: mosquitto_of("sid"),
    "RabbitMQ": rabbit,
    "3.1.1 only": lambda: OldBroker(mosquitto(chosen())),
}


@pytest.fixture(scope="module", params=BROKERS)
def named_broker(request):
    broker = BROKERS[request.param]()
    yield request.param, broker
    broker.close()


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Folders with a JPEG whose base64 is of a given size, and the sides of that picture."""
    noise = numpy.random.default_rng(1)

    def jpeg(side):
        return picture.jpeg(noise.integers(0, 256, (side, side, 3), dtype=numpy.uint8), quality=92)

    a_pixel = len(jpeg(512)) / 512**2
    made = {}
    for name, size in PAYLOADS.items():
        side = int((size * 3 / 4 / a_pixel) ** 0.5) // 16 * 16
        folder = tmp_path_factory.mktemp("pictures")
        (folder / "noise.jpg").write_bytes(jpeg(side))
        made[name] = (folder, side)
    return made


def is_slow(broker):
    return getattr(broker, "version", "") == SLOW_OVER_WEBSOCKET


@pytest.mark.parametrize("size", PAYLOADS)
def test_a_picture_arrives(named_broker, photographs, size):
    name, broker = named_broker
    folder, side = photographs[size]
    is_rabbit = isinstance(broker, rabbitmq.RabbitMq)
    plain = Wire(broker.port, v5=False)
    web = None
    if size == "100 kB" or not is_slow(broker):
        web = Wire(broker.ws_port, v5=not is_rabbit, path="/ws" if is_rabbit else "/mqtt")
    agent = Agent(port=broker.port,
                  camera={"driver": "files", "path": str(folder), "width": side, "height": side})
    try:
        agent.start()
        plain.wait("/camera", lambda m: m.payload == b"online")
        plain.snapshot("one")
        begin = time.monotonic()
        meta = plain.wait("/meta", lambda m: m.json()["request_id"] == "one").json()
        for wire in filter(None, (plain, web)):
            image = wire.wait("/image", lambda m: m.payload != b"", deadline_s=2 * PATIENCE)
            jpeg = base64.b64decode(image.payload, validate=True)
            assert hashlib.sha256(jpeg).hexdigest() == meta["sha256"]
            assert picture.decode(jpeg).shape[:2] == (meta["height"], meta["width"])
            way = "TCP" if wire is plain else "WebSocket"
            print(f"{name} {getattr(broker, 'version', '')}: {len(image.payload)} bytes over {way} "
                  f"in {image.at - begin:.2f} s")
        fits = "reduced" not in meta
        assert fits or name == "sid's mosquitto"
        assert not fits or abs(len(image.payload) / PAYLOADS[size] - 1) < 0.1
        # one connection, in the version that the broker speaks
        said = agent.wait_log(r"connected to \S+ with MQTT (\S+),").group(1)
        assert said == ("3.1.1" if name in ("RabbitMQ", "3.1.1 only") else "5")
        assert agent.log().count("connected to") == 1
    finally:
        for thing in filter(None, (plain, web, agent)):
            thing.close()
        clear(broker)


def clear(broker):
    """Nothing retained may meet the next test."""
    wire = Wire(broker.port, v5=False)
    for topic in ("image", "meta", "camera", "status", "state", "health"):
        wire.publish(f"still2mqtt/cam/{topic}", b"", retain=True)
    wire.close()
