"""The payload is right: what the camera saw, in every form, size and pixel format."""

import base64
import hashlib
import io
import json
import re
import subprocess

import numpy
import pytest
from PIL import Image

import picture
from wire import Wire

SIZES = [(160, 120), (1920, 1080), (4056, 3040), (161, 121), (65, 49), (1279, 719)]
RAW_FORMATS = ["YUV420", "NV12", "YUYV", "RGB888", "BGR888", "XRGB8888", "XBGR8888"]


def shoot(wire, request_id="a"):
    """One commanded picture: its meta and its image message."""
    mark = wire.mark()
    wire.snapshot(request_id)
    wire.wait("/event", lambda m: m.json().get("request_id") == request_id, mark)
    meta = wire.wait("/meta", lambda m: m.json().get("request_id") == request_id, mark)
    return meta.json(), wire.wait("/image", mark=mark)


@pytest.mark.parametrize("width,height", SIZES)
def test_the_users_own_command_gives_a_jpeg(online, broker, wire, tmp_path, width, height):
    online(camera={"width": width, "height": height}, picture={"quality": 90})
    meta, image = shoot(wire)
    text = image.payload
    assert text.startswith(b"/9j/")
    assert re.fullmatch(rb"[A-Za-z0-9+/]+={0,2}", text), "not bare base64"

    path = tmp_path / "test.jpg"
    subprocess.run(f"mosquitto_sub -h 127.0.0.1 -p {broker.port} -t 'still2mqtt/+/image' -C 1 -W 20"
                   f" | base64 -d > {path}", shell=True, check=True)
    assert path.read_bytes() == base64.b64decode(text)
    subprocess.run(["djpeg", "-outfile", "/dev/null", path], check=True)
    subprocess.run(["jpeginfo", "-c", path], check=True)

    pixels = picture.decode(path.read_bytes())
    assert pixels.shape == (height, width, 3)
    assert (meta["width"], meta["height"]) == (width, height)
    if width >= 128:
        card = picture.test_card(width, height, *picture.read_code(pixels))
        assert picture.psnr(pixels, card) >= 38


@pytest.mark.parametrize("pixel_format", RAW_FORMATS)
def test_colours_are_right_in_every_pixel_format(online, wire, pixel_format):
    online(camera={"width": 642, "height": 486, "format": pixel_format}, picture={"quality": 90})
    _, image = shoot(wire)
    pixels = picture.decode(base64.b64decode(image.payload))
    card = picture.test_card(642, 486, *picture.read_code(pixels))
    assert picture.psnr(pixels, card) >= 38


def test_forms(online, wire):
    for form in ("raw", "json"):
        agent = online(device={"id": form}, picture={"payload": form})
        mark = wire.mark()
        wire.snapshot(form, device=form)
        meta = wire.wait(f"/{form}/meta", mark=mark).json()
        payload = wire.wait(f"/{form}/image", mark=mark).payload
        if form == "raw":
            jpeg = payload
        else:
            envelope = json.loads(payload)
            jpeg = base64.b64decode(envelope.pop("image"), validate=True)
            assert envelope == meta
        assert hashlib.sha256(jpeg).hexdigest() == meta["sha256"]
        assert picture.decode(jpeg).shape == (120, 160, 3)
        agent.stop()


def test_the_meta_is_true(online, wire):
    online(camera={"width": 640, "height": 480}, picture={"quality": 77})
    meta, image = shoot(wire, "door-17")
    jpeg = base64.b64decode(image.payload)
    pixels = picture.decode(jpeg)
    counter, monotonic_ms, wall_ms = picture.read_code(pixels)
    assert meta["trigger"] == "command" and meta["request_id"] == "door-17"
    assert meta["bytes"] == len(jpeg)
    assert meta["sha256"] == hashlib.sha256(jpeg).hexdigest()
    assert meta["quality"] == 77
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", meta["captured_at"])
    # the card shows the time of its exposure; the meta rounds and may lag a clock slew
    seen = numpy.datetime64(meta["captured_at"][:-1], "ms").astype(int)
    assert abs(int(seen) - wall_ms) <= 5
    assert abs(meta["monotonic_ms"] - monotonic_ms) <= 1
    assert meta["exposed_after_trigger"] is True
    assert meta["seq"] == 1 and meta["id"].endswith("-1")
    boot = open("/proc/sys/kernel/random/boot_id").read().strip().replace("-", "")
    assert meta["boot_id"] == boot
    assert isinstance(meta["clock_synced"], bool)
    assert set(meta["latency_ms"]) >= {"exposure", "frame", "encode"}
    assert counter >= 0


def test_user_properties_prove_the_image_itself(online, wire):
    online()
    meta, image = shoot(wire, "p")
    for key in ("id", "captured_at", "trigger", "request_id", "sha256"):
        assert image.user[key] == meta[key]
    assert image.user["seq"] == str(meta["seq"])
    assert image.content_type == "image/jpeg;base64" or image.content_type == "text/plain"


def test_one_shot_is_meta_image_event(online, wire):
    online()
    mark = wire.mark()
    for n in range(5):  # one by one: those that wait together would be one shot
        wire.snapshot(f"r{n}")
        wire.wait("/event", lambda m: m.json()["request_id"] == f"r{n}", mark)
    heard = [m for m in wire.since(mark) if m.topic.endswith(("/meta", "/image", "/event"))]
    assert [m.topic.rsplit("/", 1)[1] for m in heard] == ["meta", "image", "event"] * 5
    for n in range(5):
        meta, _, event = heard[3 * n:3 * n + 3]
        assert meta.json()["request_id"] == event.json()["request_id"] == f"r{n}"
        assert meta.json()["id"] == event.json()["id"]
        assert event.json()["event_type"] == "captured"


def test_a_late_subscriber_gets_the_newest_picture_and_all_that_stands(online, broker, wire):
    online()
    meta, image = shoot(wire)
    late = Wire(broker.port)
    assert late.wait("/image").payload == image.payload and late.wait("/image").retain
    assert late.wait("/meta").json() == meta
    assert late.wait("/status").payload == b"online"
    assert late.wait("/camera").payload == b"online"
    state = late.wait("/state").json()
    assert state["camera"]["width"] == 160 and state["picture"]["quality"] == 90
    health = late.wait("/health").json()
    assert health["version"] and health["counters"].keys() >= {"captured", "published", "dropped"}
    assert not late.since(topic="/event"), "events are not retained"
    late.close()


def test_retain_can_be_switched_off(online, broker, wire):
    online(mqtt={"retain": False})
    shoot(wire)
    late = Wire(broker.port)
    late.wait("/status")
    late.wait("/health")
    assert not late.since(topic="/image") and not late.since(topic="/meta")
    late.close()


def test_the_timer_keeps_its_interval(online, wire):
    online(schedule={"interval_s": 0.2, "on_start": True})
    metas = [m.json() for m in wire.wait_count("/meta", 11)]
    assert metas[0]["trigger"] == "start"
    times = [m["monotonic_ms"] for m in metas if m["trigger"] == "timer"]
    # 30 frames a second: a frame comes at most 1/30 s after it was due; on a busy machine a due
    # time may be skipped, but the grid stays
    first = times[0]
    for time in times:
        off = (time - first) % 200
        assert min(off, 200 - off) <= 34 + 5, times


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_versions(online, wire, version):
    agent = online(mqtt={"version": version})
    shoot(wire)
    assert agent.wait_log(f"with MQTT {re.escape(version)}")
    health = wire.wait("/health", lambda m: "mqtt_version" in m.json()["link"]).json()
    assert health["link"]["mqtt_version"] == version
    assert health["link"]["acknowledgements_trusted"] is (version == "5")


def test_jpeg_files_pass_untouched(online, wire, tmp_path):
    files = {}
    for n in range(3):
        files[n] = picture.jpeg(picture.photograph(320, 240, seed=n))
        (tmp_path / f"{n}.jpg").write_bytes(files[n])
    online(camera={"driver": "files", "path": str(tmp_path), "width": 320, "height": 240})
    for n in range(6):
        meta, image = shoot(wire, f"f{n}")
        assert base64.b64decode(image.payload) == files[n % 3], "not the next file, byte for byte"
        assert meta["passthrough"] is True and "quality" not in meta


def test_files_can_be_decoded(online, wire, tmp_path):
    scene = picture.jpeg(picture.photograph(322, 242), quality=98)
    (tmp_path / "scene.JPEG").write_bytes(scene)
    online(camera={"driver": "files", "path": str(tmp_path), "width": 322, "height": 242,
                   "format": "YUV420"})
    _, image = shoot(wire)
    again = picture.decode(base64.b64decode(image.payload))
    assert picture.psnr(again, picture.decode(scene)) >= 38


@pytest.mark.parametrize("width,height", [(320, 240), (323, 241)])
def test_raw_files(online, wire, tmp_path, width, height):
    scene = picture.photograph(width, height)
    (tmp_path / "scene.i420").write_bytes(picture.i420(scene))
    online(camera={"driver": "files", "path": str(tmp_path), "width": width, "height": height})
    _, image = shoot(wire)
    assert picture.psnr(picture.decode(base64.b64decode(image.payload)), scene) >= 38


def test_limited_range_is_expanded(online, wire, tmp_path):
    """Grey 16 is black and 235 is white where the settings say that the frames are limited."""
    for name, luma in (("a", 16), ("b", 235)):
        (tmp_path / f"{name}.i420").write_bytes(bytes([luma]) * (64 * 48) + bytes([128]) * 1536)
    online(camera={"driver": "files", "path": str(tmp_path), "width": 64, "height": 48,
                   "color_space": "Smpte170m"})
    for expected in (0, 255):
        _, image = shoot(wire, f"g{expected}")
        pixels = picture.decode(base64.b64decode(image.payload)).astype(int)
        assert numpy.abs(pixels - expected).max() <= 2


def test_a_table_less_jpeg_is_mended(online, wire, tmp_path):
    """Many webcams leave out the standard Huffman tables; browsers need them."""
    scene = picture.photograph(320, 240)
    whole = picture.jpeg(scene, quality=90, optimize=False)
    segments, at = [whole[:2]], 2
    while whole[at + 1] != 0xDA:
        length = 2 + int.from_bytes(whole[at + 2:at + 4], "big")
        if whole[at + 1] != 0xC4:
            segments.append(whole[at:at + length])
        at += length
    (tmp_path / "cam.jpg").write_bytes(b"".join(segments) + whole[at:])
    online(camera={"driver": "files", "path": str(tmp_path), "width": 320, "height": 240})
    _, image = shoot(wire)
    mended = picture.decode(base64.b64decode(image.payload))
    assert numpy.array_equal(mended, numpy.asarray(Image.open(io.BytesIO(whole)).convert("RGB")))


def torn(jpeg, how):
    middle = len(jpeg) // 2
    return {"cut short": jpeg[:middle], "garbage": b"\x55" * len(jpeg),
            "a hole": jpeg[:middle] + jpeg[middle + len(jpeg) // 8:]}[how]


@pytest.mark.parametrize("how", ["cut short", "garbage", "a hole"])
def test_a_torn_jpeg_is_not_published_but_the_next_is(online, wire, tmp_path, how):
    """As a webcam delivers one now and then: the shot takes the next frame."""
    good = picture.jpeg(picture.photograph(320, 240))
    (tmp_path / "1.jpg").write_bytes(good)
    (tmp_path / "2.jpg").write_bytes(torn(good, how))
    online(camera={"driver": "files", "path": str(tmp_path), "width": 320, "height": 240,
                   "fps": 20.0})
    for n in range(3):
        meta, image = shoot(wire, f"t{n}")
        assert base64.b64decode(image.payload) == good
        assert meta["request_id"] == f"t{n}"
    assert {m.json()["event_type"] for m in wire.since(topic="/event")} == {"captured"}


def test_a_camera_with_torn_frames_only_fails_with_the_reason(online, wire, tmp_path):
    (tmp_path / "1.jpg").write_bytes(torn(picture.jpeg(picture.photograph(320, 240)), "cut short"))
    online(camera={"driver": "files", "path": str(tmp_path), "width": 320, "height": 240,
                   "fps": 20.0, "timeout_s": 1.0})
    wire.snapshot("never")
    event = wire.wait("/event", lambda m: m.json().get("request_id") == "never").json()
    assert event["event_type"] == "failed" and "JPEG" in event["reason"]
    assert not wire.since(topic="/image")
