"""The libcamera driver in front of the real libcamera and its virtual cameras.

Every test runs for each libcamera that virtual_camera.SUITES names.
"""

import os
import random
import signal

import numpy
import pytest
from PIL import Image

import virtual_camera
from driver_client import (CONVERGENCES, ENCODINGS, FORMATS, RANGES, SETTLINGS, DriverClient, Ended,
                           Refused, monotonic_ns)
from driver_shots import BARS, INTERVAL_MS, JPEGS, MS, streaming, take


def psnr(a, b):
    error = numpy.mean((a.astype(numpy.float64) - b.astype(numpy.float64)) ** 2)
    return 99.0 if error == 0 else 10 * numpy.log10(255**2 / error)


def planes_of(client, frame):
    """Y, Cb and Cr of a frame of NV12, chroma at its half size."""
    width, height = client.configured.width, client.configured.height
    strides = [plane["stride"] for plane in client.buffers[frame.buffer].planes]
    luma = numpy.frombuffer(client.plane(frame, 0), numpy.uint8)
    chroma = numpy.frombuffer(client.plane(frame, 1), numpy.uint8)
    luma = luma[:strides[0] * height].reshape(height, strides[0])[:, :width]
    chroma = chroma[:strides[1] * height // 2].reshape(height // 2, strides[1])[:, :width]
    return luma, chroma[:, 0::2], chroma[:, 1::2]


def picture_planes(path, size):
    """The same of a JPEG file, scaled to `size`."""
    image = Image.open(path)
    image.draft("YCbCr", image.size)
    luma, blue, red = image.split()
    half = (size[0] // 2, size[1] // 2)
    return [numpy.asarray(band.resize(to, Image.Resampling.BOX)) for band, to in
            ((luma, size), (blue, half), (red, half))]


def test_list(driver, suite):
    with DriverClient(driver) as client:
        cameras = client.list()
        assert [(c.index, c.id, c.model, c.location) for c in cameras] == [
            (0, "Virtual0", BARS, "front"), (1, "Virtual1", JPEGS, "back")]
        formats, controls = cameras[1].details.split("\n")
        assert formats == "NV12 1280x720 to 4608x2592"
        assert controls.startswith("controls: ") and "FrameDurationLimits [33333..100000]" in controls


def test_hello_names_the_library(driver, suite):
    with DriverClient(driver) as client:
        client.configure()
        assert client.hello.driver == "libcamera"
        assert client.hello.library.startswith(
            f"libcamera v{virtual_camera.SUITES[suite]}."), client.hello.library


@pytest.mark.parametrize("wish, given", [
    ((1280, 720), (1280, 720)),
    ((640, 480), (640, 480)),
    ((160, 120), (160, 120)),
    ((161, 121), (160, 120)),
    ((1, 1), (160, 120)),
    ((700, 500), (640, 480)),
    ((9152, 6944), (1280, 720)),
])
def test_size_is_the_nearest(driver, wish, given):
    with DriverClient(driver) as client:
        configured = client.configure(width=wish[0], height=wish[1], select=BARS)
        assert (configured.width, configured.height) == given
        assert FORMATS[configured.format] == "NV12"
        assert configured.buffer_count == 4
        client.start()
        client.shoot()
        luma, blue, red = planes_of(client, client.frame())
        # the bars are dark and bright, colourless and colourful
        assert luma.max() - luma.min() > 100 and blue.max() - blue.min() > 100


@pytest.mark.parametrize("select, id", [
    ("", "Virtual0"), ("Virtual1", "Virtual1"), ("1", "Virtual1"), (JPEGS, "Virtual1"),
    ("JPEG", "Virtual1"), ("bars", "Virtual0")])
def test_select(driver, select, id):
    with DriverClient(driver) as client:
        assert client.configure(select=select).id == id


@pytest.mark.parametrize("select, words", [
    ("imx477", ["no camera is \"imx477\"", '0 "Virtual bars" (Virtual0)', '1 "Virtual jpegs"']),
    ("virtual", ["more than one camera is \"virtual\"", '1 "Virtual jpegs"']),
    ("2", ["no camera is \"2\""]),
    ("99999999999999999999", ["no camera is"]),
    ("-1", ["no camera is"]),
])
def test_select_what_is_not_there(driver, select, words):
    with DriverClient(driver) as client:
        with pytest.raises(Refused) as refusal:
            client.configure(select=select)
        assert all(word in str(refusal.value) for word in words), refusal.value
        # it may be asked again, and has let go of nothing that it did not hold
        assert client.configure(select="0").model == BARS


def test_format_that_is_not_there(driver):
    with DriverClient(driver) as client:
        with pytest.raises(Refused, match="no format MJPEG; it has NV12"):
            client.configure(format="MJPEG")
        assert FORMATS[client.configure(format="NV12").format] == "NV12"


def test_frame_interval(driver):
    for wish, given in ((30, 1000 / 30), (12, 1000 / 12), (1, 100), (500, 1000 / 30)):
        with DriverClient(driver) as client:
            configured = client.configure(select=JPEGS, fps=wish)
            assert configured.frame_interval_ms == pytest.approx(given, abs=0.1)


def test_colours_are_what_the_pipeline_says(driver, suite):
    with DriverClient(driver) as client:
        configured = client.configure()
        said = (ENCODINGS[configured.encoding], RANGES[configured.range])
        # 0.4.0's virtual pipeline takes the colours that it is asked for, later ones have their own
        assert said == (("REC601", "FULL") if suite == "trixie" else ("REC709", "LIMITED"))


def test_pixels(driver, drivers):
    """What the driver passes on is what stands in front of the camera, whichever picture it is."""
    wanted = [picture_planes(drivers / "frames" / f"{n}.jpg", virtual_camera.PICTURE_SIZE)
              for n in range(virtual_camera.PICTURE_COUNT)]
    with DriverClient(driver) as client:
        streaming(client, select=JPEGS)
        seen = set()
        for _ in range(16):
            client.shoot()
            frame = client.frame()
            bands = planes_of(client, frame)
            client.give_back(frame)
            scores = [[psnr(a, b) for a, b in zip(bands, picture)] for picture in wanted]
            best = max(range(len(wanted)), key=lambda n: scores[n][0])
            seen.add(best)
            assert scores[best][0] > 45 and min(scores[best][1:]) > 40, scores
        assert seen == set(range(virtual_camera.PICTURE_COUNT))


def test_pixels_at_twelve_megapixels(driver, drivers):
    size = (4608, 2592)
    with DriverClient(driver) as client:
        configured = streaming(client, width=size[0], height=size[1], select=JPEGS).configured
        assert (configured.width, configured.height) == size
        client.shoot()
        bands = planes_of(client, client.frame())
        best = max(psnr(bands[0], picture_planes(drivers / "frames" / f"{n}.jpg", size)[0])
                   for n in range(virtual_camera.PICTURE_COUNT))
        assert best > 38


def test_a_shot_is_of_after_its_order(driver):
    """At random moments after a start, and for a moment that is still to come."""
    chance = random.Random(1)
    with DriverClient(driver) as client:
        streaming(client)
        for _ in range(20):
            assert client.receive(chance.uniform(0.001, 0.06)) is None
            take(client)
        for ahead_ms in (1, 20, 50, 200):
            not_before = client.shoot(monotonic_ns() + ahead_ms * MS)
            frame = client.frame()
            assert frame.captured_ns >= not_before
            assert frame.captured_ns - not_before < 3 * INTERVAL_MS * MS
            client.give_back(frame)


def test_frames_say_what_is_known(driver):
    with DriverClient(driver) as client:
        streaming(client)
        numbers = [take(client).sequence for _ in range(20)]
        assert numbers == sorted(set(numbers)) and numbers[-1] < 200  # 0.4.0's own are garbage
        frame = take(client)
        assert not frame.captured_is_estimate
        assert numpy.isnan([frame.exposure_us, frame.lux, frame.lens_position]).all()
        assert (frame.used0, frame.used1, frame.used2) == (0, 0, 0)
        assert (frame.ae, frame.awb, frame.af) == (0, 0, 0)


def test_buffers_are_passed_once(driver):
    with DriverClient(driver) as client:
        client.configure()
        for buffer in client.buffers:
            assert buffer.plane_count == 2  # 0.4.0 has a third of no length
            assert buffer.fd_count == 1
            assert [plane["offset"] for plane in buffer.planes] == [0, 1280 * 720]


def test_a_buffer_on_loan_is_left_alone(driver):
    with DriverClient(driver) as client:
        streaming(client)
        loans = []
        for _ in range(4):
            client.shoot()
            loans.append(client.frame())
        assert sorted(frame.buffer for frame in loans) == [0, 1, 2, 3]
        pixels = [client.plane(frame, 0) for frame in loans]
        before = client.cpu_s()
        client.shoot()
        assert client.receive(0.5) is None  # there is no buffer for it
        assert client.cpu_s() - before < 0.1  # and no spinning for it
        client.ping()
        assert pixels == [client.plane(frame, 0) for frame in loans]
        client.give_back(loans[2])
        assert client.frame().buffer == loans[2].buffer
        assert pixels[0] == client.plane(loans[0], 0)


def test_idle_costs_nothing(driver):
    """The virtual camera would give 900 frames a second."""
    with DriverClient(driver) as client:
        streaming(client)
        first, before = take(client), client.cpu_s()
        assert client.receive(2) is None
        last, after = take(client), client.cpu_s()
        # the shot before leaves three requests, two seconds bring four frames, the shot four more
        assert 4 <= last.sequence - first.sequence <= 3 + 4 + 4
        assert after - before <= 0.04, f"{after - before} s of CPU in 2 s"


def test_idle_at_the_rate_that_is_asked_for(driver):
    with DriverClient(driver) as client:
        streaming(client, select=BARS, idle_fps=10)
        first = take(client)
        assert client.receive(1) is None
        frames = take(client).sequence - first.sequence
        assert 10 <= frames <= 3 + 10 + 5


def with_ae(script):
    return {**os.environ, "VCAM_AE": script}


@pytest.mark.parametrize("script, settling, frames", [
    ("s", "CONVERGED", 1), ("....s", "CONVERGED", 5), ("??..s", "CONVERGED", 5),
    (".", "TIMED_OUT", None), ("?", "NOT_REPORTED", None)])
def test_the_first_shot_waits_until_the_camera_has_settled(driver, script, settling, frames):
    with DriverClient(driver, with_ae(script)) as client:
        client.configure(settle_ms=400)
        for _ in range(2):  # a start is a start
            begun = monotonic_ns()
            client.start()
            client.shoot()
            frame = client.frame()
            client.give_back(frame)
            assert SETTLINGS[frame.settling] == settling
            if frames:
                # the shot may come a little after the first good frame
                assert frames <= frame.sequence <= frames + 4
                assert frame.settle_ms <= (frames + 2) * INTERVAL_MS + 100
                assert CONVERGENCES[frame.ae] == "SETTLED"
            else:
                assert 400 <= frame.settle_ms <= 400 + 3 * INTERVAL_MS
                assert monotonic_ns() - begun >= 400 * MS
            # at full rate until then, and no faster
            assert frame.sequence <= 4 + frame.settle_ms / INTERVAL_MS + 2
            again = take(client)
            assert (again.settling, again.settle_ms) == (frame.settling, frame.settle_ms)
            client.stop()


def test_the_newest_frame_at_once(driver):
    with DriverClient(driver) as client:
        streaming(client, keep_latest=True, idle_fps=2)
        client.shoot(0)
        first = client.frame()
        client.give_back(first)
        for _ in range(4):
            assert client.receive(1.1) is None  # two more frames at the least
            asked = client.shoot(0) or monotonic_ns()
            frame = client.frame()
            assert monotonic_ns() - asked < 20 * MS
            assert asked - 600 * MS < frame.captured_ns < asked
            client.give_back(frame)
        # and a fresh one for who insists
        take(client)


def test_the_newest_frame_is_new_with_one_buffer_left(driver):
    """It makes room for the next, if all the others are on loan."""
    with DriverClient(driver) as client:
        streaming(client, keep_latest=True, idle_fps=4)
        for _ in range(client.configured.buffer_count - 1):
            client.shoot()
            client.frame()
        for _ in range(3):
            assert client.receive(1.1) is None
            asked = client.shoot(0) or monotonic_ns()
            frame = client.frame()
            assert frame.captured_ns > asked - 600 * MS
            client.give_back(frame)


def test_the_newest_frame_is_nobodys_to_fill(driver):
    with DriverClient(driver) as client:
        streaming(client, select=JPEGS, keep_latest=True, idle_fps=30)
        for _ in range(10):
            client.shoot(0)
            frame = client.frame()
            pixels = client.plane(frame, 0)
            assert client.receive(0.1) is None
            assert client.plane(frame, 0) == pixels
            client.give_back(frame)


def test_controls_that_the_camera_does_not_have_are_named(driver):
    with DriverClient(driver) as client:
        client.configure(exposure_us=10000, gain=2, ev=1, awb=6, awb_red=2, awb_blue=2, metering=2,
                         flicker_period_us=10000, brightness=0.1, contrast=2, saturation=2,
                         sharpness=2, af_mode=2, lens_position=0, roi_x=0, roi_y=0, roi_width=0.5,
                         roi_height=0.5, hdr=4)
        named = client.configured.unsupported.split(", ")
        assert named == ["exposure_us", "gain", "awb", "awb_gains", "metering", "flicker_period_us",
                         "ev", "brightness", "contrast", "saturation", "sharpness", "af_mode",
                         "roi", "hdr"]
        lines = [line for line in client.logs if "none of these settings" in line.text]
        assert len(lines) == 1 and client.configured.unsupported in lines[0].text
        client.start()
        take(client)


def test_by_default_nothing_is_asked_for(driver):
    with DriverClient(driver) as client:
        assert client.configure().unsupported == ""
        assert not [line for line in client.logs if "settings" in line.text]


@pytest.mark.parametrize("turn, left", [
    ({}, 1), ({"hflip": True}, 1), ({"vflip": True}, 1), ({"rotation": 180}, 1),
    ({"rotation": 90}, 6), ({"rotation": 270}, 8), ({"rotation": 90, "hflip": True}, 7)])
def test_quarter_turns_are_left(driver, turn, left):
    """The virtual camera says that it makes the others, as a sensor does, and its word counts."""
    with DriverClient(driver) as client:
        assert client.configure(**turn).orientation == left


def test_pulse(driver):
    with DriverClient(driver) as client:
        streaming(client)
        take(client)
        pong = client.ping()
        assert pong.frames >= 1
        assert client.receive(0.7) is None
        later = client.ping()
        assert later.frames > pong.frames
        assert later.waiting_ns < 600 * MS


def test_a_hundred_shots_leave_nothing_behind(driver):
    with DriverClient(driver) as client:
        streaming(client)
        take(client)
        descriptors = client.fd_count()
        for _ in range(100):
            take(client)
        assert client.fd_count() == descriptors


def test_stop_and_start(driver):
    with DriverClient(driver) as client:
        streaming(client)
        for _ in range(5):
            client.shoot()
            frame = client.frame()
            client.stop()
            client.give_back(frame)  # comes while stopped, too
            client.start()
        take(client)
        client.shoot(monotonic_ns() + 10_000 * MS)
        client.stop()  # the open shot needs no answer any more
        client.start()
        take(client)


def test_stop_during_a_loan_keeps_the_pixels(driver):
    with DriverClient(driver) as client:
        streaming(client, select=JPEGS)
        client.shoot()
        held = client.frame()
        pixels = client.plane(held, 0)
        client.stop()
        client.start()
        for _ in range(8):
            assert take(client).buffer != held.buffer
        assert client.plane(held, 0) == pixels


@pytest.mark.parametrize("stage", ["hello", "configured", "streaming", "shooting"])
def test_hang_up_ends_it(driver, stage):
    with DriverClient(driver) as client:
        if stage != "hello":
            client.configure()
        if stage in ("streaming", "shooting"):
            client.start()
        if stage == "shooting":
            client.shoot(monotonic_ns() + 30_000 * MS)
        client.hang_up()
        assert client.wait_end(1) == 0


def test_kill(driver):
    with DriverClient(driver) as client:
        streaming(client, select=JPEGS)
        client.shoot()
        frame = client.frame()
        pixels = client.plane(frame, 0)
        os.kill(client.pid, signal.SIGKILL)
        with pytest.raises(Ended):
            client.receive()
        assert client.wait_end(1) is not None
        assert client.plane(frame, 0) == pixels  # the pages outlive the driver
    with DriverClient(driver) as client:
        take(streaming(client))
