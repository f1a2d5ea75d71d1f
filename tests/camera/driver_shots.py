"""A real libcamera's driver in front of its virtual cameras: what its tests have in common."""

import os

from driver_client import monotonic_ns

BARS, JPEGS = "Virtual bars", "Virtual jpegs"
MS = 1_000_000
INTERVAL_MS = 1000 / 30


def with_fault(name):
    """An environment for fault_shim.cpp."""
    return {**os.environ, "VCAM_FAULT": name}


def streaming(client, **wish):
    client.configure(**wish)
    client.start()
    return client


def take(client):
    """One shot, given back at once."""
    not_before = client.shoot()
    frame = client.frame()
    assert not_before <= frame.captured_ns <= monotonic_ns()
    client.give_back(frame)
    return frame
