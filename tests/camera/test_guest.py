"""The agent and its libcamera driver in front of a webcam that can do wrong, in a virtual machine.

Real are the kernel with uvcvideo and udev, libcamera, the driver and the agent; the webcam is a
program (guest/webcam.c). One guest is booted for each libcamera and runs all of its tests.
"""

import pathlib
import re
import sys

import numpy
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "guest"))

import guest as machine  # noqa: E402 (the path above)
import initramfs  # noqa: E402
import picture  # noqa: E402
import virtual_camera  # noqa: E402
from agent import AGENT  # noqa: E402
from guest_agent import Scene  # noqa: E402

# The newer two get every test, the others take pictures. Both lists begin alike, since pytest
# groups the tests of a guest by its place in them.
every_version = pytest.mark.parametrize("guest", virtual_camera.VERSIONS, indirect=True,
                                        scope="session")
new_versions = pytest.mark.parametrize("guest", virtual_camera.SUITES, indirect=True,
                                       scope="session")

# what a user is promised
STALL_MAX_S = 5
REPORT_MAX_S = 3
REPLUG_MAX_S = 5
AWAY_S = 20  # long enough for a backoff to have grown

SIZES = {(640, 480): 12, (1280, 720): 8}  # and how many frames of each


def yuyv(pixels):
    """RGB to Y0 Cb Y1 Cr, BT.601 limited range, as webcams do it."""
    red, green, blue = (pixels[..., c] / 255.0 for c in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = [(blue - luma) / 1.772, (red - luma) / 1.402]
    packed = numpy.empty((*luma.shape, 2))
    packed[..., 0] = 16 + 219 * luma
    for index, plane in enumerate(chroma):
        packed[:, index::2, 1] = 128 + 224 * (plane[:, 0::2] + plane[:, 1::2]) / 2
    return packed.round().clip(0, 255).astype(numpy.uint8).tobytes()


@pytest.fixture(scope="session")
def frames():
    """What the webcam shows: file name -> its bytes and the RGB that they were made of."""
    made = {}
    for (width, height), count in SIZES.items():
        for number in range(count):
            pixels = picture.photograph(width, height, number)
            name = f"{width}x{height}-{number:02}"
            made[f"mjpeg-{name}.jpg"] = picture.jpeg(pixels), pixels
            made[f"yuyv-{name}.raw"] = yuyv(pixels), pixels
    return made


@pytest.fixture(scope="session")
def guest(request, frames, tmp_path_factory):
    try:
        base = machine.fetch()
        built = virtual_camera.build(request.param).resolve()
    except (machine.Unavailable, virtual_camera.Unavailable) as why:
        pytest.skip(str(why))
    image = tmp_path_factory.mktemp(f"guest-{request.param}") / "initramfs"
    initramfs.write(image, base, built, AGENT, {name: data for name, (data, _) in frames.items()})
    guest = machine.Guest(base, image)
    guest.libcamera = virtual_camera.VERSIONS[request.param]
    yield guest
    guest.close()


@pytest.fixture
def scene(guest, frames):
    scene = Scene(guest, frames)
    yield scene
    scene.close()


def streaming(scene, **options):
    """A webcam and an agent that is online with it."""
    webcam = scene.plug()
    agent = scene.agent(**options)
    scene.online(device=agent.id)
    return webcam, agent


def within(what, seconds, most):
    print(f"{what} within {seconds:.2f} s")
    assert seconds <= most, what


def assert_fresh(scene, webcam, image, commanded_at):
    """The frame was shown after the command: seen in the picture, not read in its meta. The webcam
    says so at once, but by another way than the picture's; one round of all frames takes longer."""
    mark = webcam.process.mark(before=commanded_at)
    webcam.process.wait(rf"frame \d+ {re.escape(scene.name(image))}", mark, deadline_s=0.3)


@every_version
@pytest.mark.parametrize("form", ["MJPEG", "YUYV"])
@pytest.mark.parametrize("size", SIZES)
def test_capture(guest, scene, form, size):
    """MJPEG arrives byte for byte, YUYV as a picture of the same; each is of after its command."""
    width, height = size
    webcam, agent = streaming(scene, camera={"width": width, "height": height, "format": form})
    agent.log.wait(rf"camera online:.*Simulated webcam.*{width}x{height}")
    agent.log.wait(rf"libcamera v{guest.libcamera}")
    for number in range(3):
        (image, meta), commanded_at = scene.snapshot(f"shot-{number}")
        assert (meta["width"], meta["height"]) == size
        assert scene.name(image).startswith(f"{form.lower()}-{width}x{height}-")
        assert_fresh(scene, webcam, image, commanded_at)
    assert not webcam.process.matches(" set ")  # the settings leave it alone


@every_version
def test_controls(scene):
    """What the settings say arrives at the webcam, and nothing else: it is set to 100 us and 1/64."""
    webcam, _ = streaming(scene, camera={"exposure_us": 20000, "brightness": 0.5})
    scene.snapshot("shot")
    told = {match[1] for _, match in webcam.process.matches(r" set (\S+ -?\d+)$")}
    assert told == {"ae-mode 1", "exposure 200", "brightness 32"}


# what is wrong inside of raw pixels nobody can see
BAD_FRAMES = [("MJPEG", fault) for fault in ("truncate", "hole", "garbage", "empty", "error")] + [
    ("YUYV", fault) for fault in ("truncate", "hole", "empty", "error")]


@new_versions
@pytest.mark.parametrize("form, fault", BAD_FRAMES)
def test_bad_frames(scene, form, fault):
    """None of them is published, and the command gets the next good one."""
    webcam, _ = streaming(scene, camera={"format": form})
    scene.snapshot("before")
    webcam.fault(fault)
    mark = scene.wire.mark()
    scene.wire.snapshot("during")
    webcam.wait_frames(8, f" {fault}")
    assert not scene.wire.since(mark, "/image")
    webcam.fault("none")
    event = scene.event("during", mark)
    assert event["event_type"] == "captured", event["reason"]
    scene.picture("during", mark)


@new_versions
def test_slow(scene):
    """A webcam that halves its rate in the dark, and again: pictures take longer, and come."""
    webcam, _ = streaming(scene)
    webcam.tell("fps 2", "fps 2")
    for number in range(3):
        (image, _), commanded_at = scene.snapshot(f"shot-{number}")
        assert_fresh(scene, webcam, image, commanded_at)


@new_versions
def test_stall(scene):
    """The webcam hangs until it is started anew, as real ones do."""
    webcam, _ = streaming(scene, schedule={"interval_s": 0.5})
    scene.wire.wait_count("/image", 2)
    stalled_at = webcam.fault("stall")
    webcam.process.wait("streaming", webcam.process.mark())
    image = scene.wire.wait("/image", mark=scene.wire.mark())
    within("a stall is recovered", image.at - stalled_at, STALL_MAX_S)


@new_versions
def test_hang(scene):
    """The webcam hangs whatever is tried, and then does not."""
    webcam, _ = streaming(scene, schedule={"interval_s": 0.5})
    scene.wire.wait_count("/image", 2)
    webcam.fault("freeze")
    scene.offline("stalled")
    mark = scene.wire.mark()
    webcam.fault("none")
    scene.online(mark)
    scene.wire.wait("/image", mark=mark)


def comes_back(scene, mark, port=0):
    """Plugged in (again): a picture of just now within the promised time."""
    webcam = scene.plug(port=port)
    scene.online(mark)
    (image, _), commanded_at = scene.snapshot("again")
    assert_fresh(scene, webcam, image, commanded_at)
    within("the first picture comes", image.at - webcam.plugged_at, REPLUG_MAX_S)


@new_versions
@pytest.mark.parametrize("command", ["unplug-in-frame", "unplug"])
@pytest.mark.parametrize("port", [0, 3])
def test_unplug(scene, command, port):
    """Pulled out in use or between two pictures, plugged into the same port or another one."""
    options = {"schedule": {"interval_s": 0.3}} if command == "unplug-in-frame" else {}
    webcam, _ = streaming(scene, **options)
    scene.snapshot("before")
    mark = scene.wire.mark()
    gone_at = webcam.unplug(command)
    # the second reason, of the next try, may overtake the first
    reported_at, _ = scene.offline("unplugged|there is no camera", mark)
    within("an unplug is reported", reported_at - gone_at, REPORT_MAX_S)
    comes_back(scene, scene.wire.mark(), port)


@new_versions
def test_absent_at_start(guest, scene):
    scene.agent()
    scene.offline("there is no camera")
    guest.run(f"sleep {AWAY_S}", deadline_s=2 * AWAY_S)
    comes_back(scene, scene.wire.mark())


@new_versions
def test_busy(scene):
    """Another process has the camera; once that has ended, it is ours."""
    _, other = streaming(scene, id="other")
    scene.agent()
    scene.offline("another process")
    mark = scene.wire.mark()
    other.close()
    scene.agents.remove(other)
    scene.online(mark)
    scene.snapshot("ours")


@new_versions
def test_no_permission(guest, scene):
    """The reason names the device and its group; once it is put right, the camera is there."""
    scene.plug()
    # udev has done with all of it
    guest.run("for name in media0 video0 video1; do"
              " until [ \"$(stat -c %G /dev/$name)\" = video ]; do :; done; done 2>/dev/null")
    scene.agent(user="stranger")
    _, why = scene.offline("there is no camera that this user may use")
    assert re.search(r'/dev/(media0|video\d) belongs to the group "video"', why), why
    mark = scene.wire.mark()
    guest.run("chmod 666 /dev/media* /dev/video*")
    scene.online(mark)
    scene.snapshot("ours")


@new_versions
def test_list(guest, scene):
    scene.plug()
    scene.agent()
    scene.online()
    listing = guest.run("cd /tmp; /agent/still2mqtt --config /tmp/cam.conf --drivers /camera "
                        "--list-cameras")
    for words in ("Simulated webcam", "MJPEG 640x480, 1280x720", "YUYV 640x480, 1280x720"):
        assert words in listing, listing


@new_versions
def test_a_clock_that_is_set(guest, scene):
    """The one place where a test may set a machine's clock: the schedule knows at once."""
    guest.run('date -u -s "1970-01-01 00:10:00"')
    _, agent = streaming(scene, schedule={"interval_s": 600.0, "window": "12:00-18:00"})
    mark = scene.wire.mark()
    guest.run('date -u -s "2026-07-15 11:59:58"')
    agent.log.wait("the clock has been set: it is 2026-07-15T11:59:58")
    meta = scene.wire.wait("/cam/meta", mark=mark).json()
    assert meta["trigger"] == "timer" and meta["captured_at"].startswith("2026-07-15T12:00:0")
    assert meta["clock_synced"] is False  # nobody in there keeps it right
