"""Five hundred commands at random moments of a running stream, judged by what is in the pictures."""

import base64
import random
import threading
import time

import picture

SHOTS = 500


def test_every_commanded_picture_was_exposed_after_its_command(online, wire):
    """The card shows the monotonic time of its exposure, on the clock that this test has too."""
    online(camera={"width": 128, "height": 96, "fps": 60.0},
           commands={"per_s": 100.0, "burst": 100})
    chance = random.Random(3)
    counters = []
    for number in range(SHOTS):
        threading.Event().wait(chance.uniform(0, 0.03))
        mark = wire.mark()
        asked_ms = time.clock_gettime_ns(time.CLOCK_MONOTONIC) / 1e6
        wire.snapshot(f"shot-{number}")
        meta = wire.wait("/meta", lambda m: m.json().get("request_id") == f"shot-{number}",
                         mark).json()
        image = wire.wait("/image", mark=mark)
        pixels = picture.decode(base64.b64decode(image.payload, validate=True))
        counter, exposed_ms, _ = picture.read_code(pixels)
        triggered_ms = meta["monotonic_ms"] - meta["latency_ms"]["exposure"]
        assert exposed_ms >= int(triggered_ms - 1) and exposed_ms >= int(asked_ms), (meta, asked_ms)
        assert exposed_ms == meta["monotonic_ms"] and meta["exposed_after_trigger"]
        counters.append(counter)
    assert counters == sorted(set(counters)), "a frame was shown twice"
