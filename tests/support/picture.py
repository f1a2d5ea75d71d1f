"""Pictures as a test sees them: decoded, compared, and their code rows read."""

import io
import subprocess

import numpy
from PIL import Image

from agent import BUILD

SYNC = 0x9A
RENDER = BUILD / "bin" / "render_card"


def decode(jpeg):
    """A JPEG as an array of height x width x RGB."""
    image = Image.open(io.BytesIO(jpeg))
    assert image.format == "JPEG"
    return numpy.asarray(image.convert("RGB"))


def psnr(a, b):
    assert a.shape == b.shape, f"{a.shape} against {b.shape}"
    error = numpy.mean((a.astype(numpy.float64) - b.astype(numpy.float64)) ** 2)
    return 99.0 if error == 0 else 10 * numpy.log10(255.0**2 / error)


def read_code(pixels):
    """The three values in the code rows of the test card (agent/camera/drivers/test_card.h):
    frame counter, monotonic milliseconds, UTC milliseconds."""
    height, width, _ = pixels.shape
    assert width >= 128 and height >= 96, "no code rows at this size"
    row_height = min(width // 64, height // 48) // 2 * 2
    values = []
    for row in range(3):
        y = height - (3 - row) * row_height + row_height // 2
        word = 0
        for bit in range(64):
            x = (2 * bit + 1) * width // 128
            word = word << 1 | int(pixels[y, x].mean() > 127)
        raw = word.to_bytes(8, "big")
        assert raw[0] == SYNC, f"row {row}: no sync in {raw.hex()}"
        assert raw[7] == (sum(raw[1:7]) + row) % 256, f"row {row}: wrong check in {raw.hex()}"
        values.append(int.from_bytes(raw[1:7], "big"))
    return values


def test_card(width, height, counter, monotonic_ms, wall_ms):
    """The card that the pattern camera saw, from the same arithmetic that drew it."""
    words = [str(n) for n in (width, height, counter, monotonic_ms, wall_ms)]
    ppm = subprocess.run([RENDER, *words], check=True, capture_output=True).stdout
    return numpy.asarray(Image.open(io.BytesIO(ppm)))


def photograph(width, height, seed=1):
    """A smooth, colourful scene with edges: what a camera might see, and no two seeds alike."""
    generator = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    u, v = x / max(width, 1), y / max(height, 1)
    phase = generator.uniform(0, 6.28, 9).reshape(3, 3)
    scene = numpy.stack([
        127 + 60 * numpy.sin(5 * u + phase[c, 0]) + 50 * numpy.cos(4 * v + phase[c, 1])
        for c in range(3)], axis=-1)
    disc = (u - 0.6) ** 2 + (v - 0.4) ** 2 < 0.04
    scene[disc] = scene[disc] * 0.3 + generator.uniform(60, 180, 3)
    return scene.clip(0, 255).astype(numpy.uint8)


def jpeg(pixels, quality=95, **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


def i420(pixels):
    """RGB to planar YCbCr 4:2:0, BT.601 full range, as bytes Y, U, V."""
    rgb = pixels.astype(numpy.float64)
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    y = 0.299 * r + 0.587 * g + 0.114 * b
    u = 128 - 0.168736 * r - 0.331264 * g + 0.5 * b
    v = 128 + 0.5 * r - 0.418688 * g - 0.081312 * b
    height, width = y.shape

    def halve(plane):
        padded = numpy.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
        return (padded[0::2, 0::2] + padded[1::2, 0::2] + padded[0::2, 1::2] +
                padded[1::2, 1::2]) / 4

    planes = [y, halve(u), halve(v)]
    return b"".join(numpy.rint(p).clip(0, 255).astype(numpy.uint8).tobytes() for p in planes)
