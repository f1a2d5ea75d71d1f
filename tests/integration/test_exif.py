"""What the JPEG says of itself, read by a reader that is not ours."""

import base64
import calendar
import io
import re
import subprocess
import time

import pytest
from PIL import Image, ImageOps

import picture
from agent import AGENT, DRIVERS

EXIF = 0x8769
ORIENTATION, SOFTWARE, MODEL, GPS = 0x0112, 0x0131, 0x0110, 0x8825
TAKEN, SUBSECONDS, OFFSET, WIDE, HIGH = 0x9003, 0x9291, 0x9011, 0xA002, 0xA003


def shoot(wire):
    """One commanded picture: its meta and its JPEG."""
    mark = wire.mark()
    wire.snapshot(f"exif-{mark}")
    meta = wire.wait("/meta", lambda m: m.json().get("request_id") == f"exif-{mark}", mark).json()
    return meta, base64.b64decode(wire.wait("/image", mark=mark).payload)


def tags(jpeg):
    """The tags of the first block and of its EXIF block."""
    exif = Image.open(io.BytesIO(jpeg)).getexif()
    return dict(exif), dict(exif.get_ifd(EXIF))


def version():
    said = subprocess.run([AGENT, "--version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"\d+\.\d+\.\d+", said).group()


def test_a_picture_says_what_is_known(online, wire):
    online()
    meta, jpeg = shoot(wire)
    first, exif = tags(jpeg)
    assert first[SOFTWARE] == f"still2mqtt {version()}"
    assert first[ORIENTATION] == 1
    assert (exif[WIDE], exif[HIGH]) == (meta["width"], meta["height"]) == (160, 120)
    taken = f"{exif[TAKEN].replace(':', '-', 2).replace(' ', 'T')}.{exif[SUBSECONDS]}Z"
    assert taken == meta["captured_at"]
    assert exif[OFFSET] == "+00:00"
    assert GPS not in first


def test_a_picture_says_nothing_where_that_is_wanted(online, wire):
    online(picture={"exif": False})
    _, jpeg = shoot(wire)
    assert b"Exif" not in jpeg[:400]
    assert jpeg[6:10] == b"JFIF"
    assert picture.decode(jpeg).shape == (120, 160, 3)


@pytest.mark.parametrize("rotation,orientation", [(0, 1), (90, 6), (180, 3), (270, 8)])
def test_a_turned_camera(online, wire, rotation, orientation):
    """Viewers turn the picture; its pixels lie as the camera delivered them."""
    online(camera={"width": 320, "height": 240, "rotation": rotation}, picture={"quality": 90})
    meta, jpeg = shoot(wire)
    assert tags(jpeg)[0][ORIENTATION] == orientation
    assert meta.get("orientation", 1) == orientation
    pixels = picture.decode(jpeg)
    assert picture.psnr(pixels, picture.test_card(320, 240, *picture.read_code(pixels))) >= 38
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(jpeg)))
    clockwise = Image.fromarray(pixels).rotate(-rotation, expand=True)
    assert shown.tobytes() == clockwise.tobytes()


def test_a_webcams_jpeg_is_left_alone_unless_it_is_turned(online, wire, tmp_path):
    theirs = picture.jpeg(picture.photograph(160, 120), quality=80)
    (tmp_path / "a.jpg").write_bytes(theirs)
    camera = {"driver": "files", "path": str(tmp_path), "format": "MJPEG"}
    agent = online(camera=camera)
    _, jpeg = shoot(wire)
    assert jpeg == theirs
    agent.stop()

    online(camera={**camera, "rotation": 90})
    meta, jpeg = shoot(wire)
    assert meta["passthrough"] is True
    assert tags(jpeg)[0][ORIENTATION] == 6
    assert jpeg.endswith(theirs[2:])


def test_a_budget_is_met_and_told(online, wire):
    online(camera={"width": 1280, "height": 720},
           picture={"max_bytes": 30000, "quality": 95, "min_quality": 60})
    for _ in range(3):
        meta, jpeg = shoot(wire)
        assert len(jpeg) == meta["bytes"] <= meta["reduced"]["budget_bytes"] == 30000
        assert 60 <= meta["quality"] <= 95
        width, height = meta["width"], meta["height"]
        assert picture.decode(jpeg).shape == (height, width, 3)
        assert tags(jpeg)[1][WIDE] == width
    assert "encodes" not in meta


def test_a_snapshot_file_says_so_too(tmp_path):
    path = tmp_path / "a.jpg"
    config = tmp_path / "s.conf"
    config.write_text('camera: { driver = "pattern"; width = 160; height = 120; };\n'
                      'device: { id = "a"; };\n')
    subprocess.run([AGENT, "--config", config, "--drivers", DRIVERS, "--snapshot", path],
                   check=True, capture_output=True)
    taken = tags(path.read_bytes())[1][TAKEN]
    assert abs(calendar.timegm(time.strptime(taken, "%Y:%m:%d %H:%M:%S")) - time.time()) < 60


def test_settings_that_do_not_go_together_are_found(tmp_path):
    config = tmp_path / "s.conf"
    config.write_text("picture: { quality = 50; min_quality = 60; exif = false; };\n"
                      "camera: { rotation = 90; };\n")
    done = subprocess.run([AGENT, "--config", config, "--check"], capture_output=True, text=True)
    assert done.returncode == 78
    assert "s.conf:1: picture.min_quality: must not be more than picture.quality, which is 50" \
        in done.stderr + done.stdout
    assert "s.conf:2: camera.rotation: needs picture.exif = true" in done.stderr + done.stdout
