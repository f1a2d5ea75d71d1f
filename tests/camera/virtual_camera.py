#!/usr/bin/python3
"""The virtual cameras of a real libcamera, as a drivers folder for the agent.

By hand:  virtual_camera.py SUITE FOLDER     (SUITE: trixie for libcamera 0.4.0, sid for 0.7.2)
then:     still2mqtt --drivers FOLDER ...    with camera.driver = "libcamera"
"""

import os
import pathlib
import subprocess
import sys

import numpy
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "camera"
# what was downloaded may be shared between working trees
CACHE = pathlib.Path(os.environ.get("STILL2MQTT_LIBCAMERA_CACHE", ROOT / "build" / "libcamera"))

SUITES = {"trixie": "0.4", "sid": "0.7"}  # those with a virtual pipeline
VERSIONS = {**SUITES, "bookworm": "0.0", "bookworm-backports": "0.3"}

PICTURE_SIZE = (1280, 720)
PICTURE_COUNT = 3  # each is shown for four frames

# 160x120 and 640x480 are neither the first nor the largest: a wish for them must be understood
YAML = """%YAML 1.1
---
"Virtual0":
  supported_formats:
  - width: 1280
    height: 720
    frame_rates: [15, 30]
  - width: 640
    height: 480
    frame_rates: [30]
  - width: 160
    height: 120
    frame_rates: [30]
  test_pattern: "bars"
  location: "CameraLocationFront"
  model: "Virtual bars"
"Virtual1":
  supported_formats:
  - width: 1280
    height: 720
    frame_rates: [10, 30]
  - width: 1920
    height: 1080
    frame_rates: [30]
  - width: 4608
    height: 2592
    frame_rates: [10]
  frames:
    path: "{frames}"
  location: "CameraLocationBack"
  model: "Virtual jpegs"
"""

# shell, because it is the executable that the agent starts; it leaves the process to the driver
WRAPPER = """#!/bin/sh
export VCAM_YAML='{folder}/virtual.yaml' LIBCAMERA_PIPELINES_MATCH_LIST=virtual
exec '{built}/ld.so' --library-path '{built}/lib' \\
    --preload '{built}/dmabuf_shim.so:{built}/fault_shim.so' '{built}/still2mqtt-camera-libcamera'
"""


class Unavailable(Exception):
    """Why this libcamera cannot be had here."""


def fetch(suite):
    """The root folder of the suite's libcamera."""
    fetched = CACHE / suite
    result = subprocess.run([HERE / "fetch-libcamera", suite, fetched], text=True, check=False,
                            stdout=subprocess.PIPE, timeout=600)
    if result.returncode == 77:
        raise Unavailable(result.stdout.strip())
    result.check_returncode()
    return fetched / "root"


def compile_against(root, folder):
    """Builds the driver; a warning is an error."""
    subprocess.run([HERE / "build-driver", root, folder], check=True, timeout=600)


def build(suite):
    """Fetches the suite's libcamera, builds the driver against it, returns the folder of both."""
    return build_against(fetch(suite), BUILD / suite)


def build_against(root, folder):
    """The same for the libcamera in `root`; the driver must run here."""
    compile_against(root, folder)
    listing = subprocess.run([folder / "ld.so", "--library-path", folder / "lib", "--list",
                              folder / "still2mqtt-camera-libcamera"], text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=10).stdout
    if "not found" in listing:  # the suite is older than this machine
        raise Unavailable(f"SKIP: what is built here does not run on the libraries of "
                          f"{folder.name}: {listing.splitlines()[0]}")
    return folder


def picture(number):
    """What stands in front of the camera: RGB, smooth in itself, unlike the other numbers'."""
    width, height = PICTURE_SIZE
    y, x = numpy.mgrid[0:height, 0:width].astype(numpy.float64)
    waves = [128 + 100 * numpy.sin((x * (3 + number + c) + y * (5 - number)) / (97.0 + 20 * c))
             for c in range(3)]
    return Image.fromarray(numpy.dstack(waves).clip(0, 255).astype(numpy.uint8))


def make_drivers(built, folder):
    """Writes pictures, virtual.yaml and the executable of the name that the agent looks for."""
    frames = folder / "frames"
    frames.mkdir(parents=True, exist_ok=True)
    for number in range(PICTURE_COUNT):
        picture(number).save(frames / f"{number}.jpg", quality=95, subsampling="4:2:0")
    (folder / "virtual.yaml").write_text(YAML.format(frames=frames), encoding="utf-8")
    executable = folder / "still2mqtt-camera-libcamera"
    executable.write_text(WRAPPER.format(built=built, folder=folder), encoding="utf-8")
    executable.chmod(0o755)
    return folder


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in SUITES:
        sys.exit(f"usage: virtual_camera.py {'|'.join(SUITES)} FOLDER")
    try:
        built = build(sys.argv[1])
    except Unavailable as why:
        print(why)
        sys.exit(77)
    make_drivers(built.resolve(), pathlib.Path(sys.argv[2]).resolve())


if __name__ == "__main__":
    main()
