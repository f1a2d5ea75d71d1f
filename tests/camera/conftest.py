"""Fixtures for the tests that put a real libcamera behind the driver."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import virtual_camera  # noqa: E402 (the path above)


@pytest.fixture(scope="session", params=list(virtual_camera.SUITES))
def suite(request):
    return request.param


@pytest.fixture(scope="session")
def built(suite):
    """The driver built against this suite's libcamera."""
    try:
        return virtual_camera.build(suite).resolve()
    except virtual_camera.Unavailable as why:
        pytest.skip(str(why))


@pytest.fixture(scope="session")
def drivers(built, suite, tmp_path_factory):
    """A drivers folder for the agent, with virtual cameras."""
    return virtual_camera.make_drivers(built, tmp_path_factory.mktemp(f"drivers-{suite}"))


@pytest.fixture
def driver(drivers):
    """The command line of the driver with virtual cameras."""
    return [drivers / "still2mqtt-camera-libcamera"]
