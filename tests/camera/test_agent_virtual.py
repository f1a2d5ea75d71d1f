"""From the virtual camera of a real libcamera to the wire, through the whole agent."""

import base64
import os
import signal

import numpy
import pytest
from PIL import Image

import picture
import virtual_camera
from agent import Agent
from broker import Broker
from wire import Wire

JPEGS = "Virtual jpegs"


@pytest.fixture
def wire():
    broker = Broker()
    wire = Wire(broker.port)
    wire.broker = broker
    yield wire
    wire.close()
    broker.close()


@pytest.fixture
def agent(wire, drivers, request):
    """An agent whose camera is online; its environment can be given as the fixture's parameter."""
    agent = Agent(wire.broker.port, drivers=drivers, environment=getattr(request, "param", {}),
                  camera={"driver": "libcamera", "select": JPEGS, "width": 1280, "height": 720})
    agent.start()
    wire.wait("/camera", lambda m: m.payload == b"online")
    yield agent
    agent.close()


def snapshot(wire, request_id):
    """The picture of a command, decoded, and its meta."""
    mark = wire.mark()
    wire.snapshot(request_id)
    meta = wire.wait("/meta", lambda m: m.json().get("request_id") == request_id, mark).json()
    image = wire.wait("/image", mark=mark)
    event = wire.wait("/event", lambda m: m.json().get("request_id") == request_id, mark).json()
    assert event["event_type"] == "captured" and event["id"] == meta["id"]
    return picture.decode(base64.b64decode(image.payload, validate=True)), meta


def as_announced(path, suite):
    """The picture at `path` in the colours that this libcamera announces for its YCbCr.

    The virtual camera always hands out the JPEG's own samples, that is BT.601 full range, and from
    0.6 on says of them that they were BT.709 limited. Whoever believes it shows other colours, and
    the agent has to believe its camera.
    """
    image = Image.open(path)
    if suite == "trixie":
        return numpy.asarray(image.convert("RGB"))
    image.draft("YCbCr", image.size)
    y, blue, red = (numpy.asarray(band, numpy.float64) for band in image.split())
    y, blue, red = (y - 16) * 255 / 219, (blue - 128) * 255 / 224, (red - 128) * 255 / 224
    rgb = (y + 1.5748 * red, y - 0.1873 * blue - 0.4681 * red, y + 1.8556 * blue)
    return numpy.dstack(rgb).clip(0, 255).round().astype(numpy.uint8)


def test_pictures_are_what_the_camera_sees(agent, wire, drivers, suite):
    wanted = [as_announced(drivers / "frames" / f"{n}.jpg", suite)
              for n in range(virtual_camera.PICTURE_COUNT)]
    seen = set()
    for number in range(9):
        pixels, meta = snapshot(wire, f"shot-{number}")
        assert (meta["width"], meta["height"]) == virtual_camera.PICTURE_SIZE
        scores = [picture.psnr(pixels, want) for want in wanted]
        assert max(scores) > 38, scores
        seen.add(scores.index(max(scores)))
    assert len(seen) > 1


def test_the_driver_dies(agent, wire):
    snapshot(wire, "before")
    mark = wire.mark()
    os.kill(agent.driver_pid(), signal.SIGKILL)
    wire.wait("/camera", lambda m: m.payload == b"offline", mark)
    wire.wait("/camera", lambda m: m.payload == b"online", mark)
    snapshot(wire, "after")


@pytest.mark.parametrize("agent", [{"VCAM_FAULT": "unplug"}], indirect=True)
def test_the_camera_is_unplugged(agent, wire):
    wire.wait("/health", lambda m: m.json()["camera"].get("fault") == "the camera was unplugged")
    wire.wait("/camera", lambda m: m.payload == b"offline")
