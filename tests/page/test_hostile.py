"""Everything a broker can say to a page that it should not: nothing of it may run, be shown as a
picture, or stop the page. The fixture open_page checks alerts, CSP violations and errors."""

import base64
import json

import pytest
from fake_agent import paint

GOOD, LAST = (30, 160, 60), (30, 60, 190)
SCRIPT = "<script>alert(1)</script>"
ONERROR = '"><img src=x onerror=alert(1)>'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
HTML = b"<!doctype html><script>alert(1)</script>"


def b64(data):
    return base64.b64encode(data)


def huge_dimensions():
    """A small JPEG that claims 65500 x 65500 pixels."""
    jpeg = bytearray(paint(GOOD))
    start = jpeg.index(b"\xff\xc0")
    jpeg[start + 5 : start + 9] = (65500).to_bytes(2, "big") * 2
    return bytes(jpeg)


JPEG = paint(GOOD)

PICTURES = {
    "html": HTML,
    "html in base64": b64(HTML),
    "svg": SVG,
    "svg in base64": b64(SVG),
    "gif in base64": b64(GIF),
    "png in base64": b64(PNG),
    "png": PNG,
    "data: prefix": b"data:image/jpeg;base64," + b64(JPEG),
    "data: svg": b"data:image/svg+xml;base64," + b64(SVG),
    "data: html": b"DATA:text/html,<script>alert(1)</script>",
    "javascript:": b"javascript:alert(1)",
    "base64 cut inside": b64(JPEG)[:-5],
    "base64 without padding": b64(JPEG + bytes(4 - len(JPEG) % 3)).rstrip(b"="),
    "base64 with line breaks": base64.encodebytes(JPEG),
    "base64 with spaces": b" " + b64(JPEG),
    "base64 url alphabet": base64.urlsafe_b64encode(b"\xff\xd8\xff\xfb\xef\xbe" * 20),
    "base64 in quotes": b'"' + b64(JPEG) + b'"',
    "padding only": b"====",
    "padding inside": b"/9j/=AAA",
    "hex": JPEG.hex().encode(),
    "zeros": bytes(1000),
    "a start without a picture": b"\xff\xd8\xff",
    "half a header": JPEG[:40],
    "header, then noise": JPEG[:200] + bytes(range(256)) * 4,
    "huge dimensions": huge_dimensions(),
    "FF FE": b"\xff\xfe" + JPEG,
    "utf-16": b64(JPEG).decode().encode("utf-16"),
    "invalid utf-8": b"\xc3\x28" * 50,
    "array": json.dumps([b64(JPEG).decode()]),
    "envelope without image": "{}",
    "envelope, image a number": '{"image": 5}',
    "envelope, image null": '{"image": null}',
    "envelope, image an object": json.dumps({"image": {"toString": SCRIPT}}),
    "envelope, image html": json.dumps({"image": SCRIPT}),
    "envelope, image svg": json.dumps({"image": b64(SVG).decode()}),
    "envelope, image data:": json.dumps({"image": "data:image/jpeg;base64," + b64(JPEG).decode()}),
    "envelope cut": json.dumps({"image": b64(JPEG).decode()})[:-10],
    "deep nesting": '{"image":' * 5000,
    "prototype": '{"__proto__": {"image": "' + b64(JPEG).decode() + '"}}',
}

# More would be better, but Debian 12's mosquitto sends 40 kB/s to a page.
TOO_LONG = json.dumps({"device": {"name": "too long"}, "padding": "x" * 66_000})

DOCUMENTS = {
    "not JSON": "hello",
    "empty": "",
    "null": "null",
    "number": "1e999",
    "string": json.dumps(SCRIPT),
    "array": "[1,2,3]",
    "deep": "[" * 20000,
    "deep objects": '{"device":' * 2000,
    "invalid utf-8": b'{"device": {"name": "\xff\xfe"}}',
    "wrong types": json.dumps(
        {
            "id": {"toString": 1, "valueOf": 1},
            "seq": "5",
            "captured_at": {"toString": 1, "valueOf": 1},
            "trigger": ["timer"],
            "request_id": 7,
            "bytes": -1,
            "sha256": {"toString": None},
            "event_type": {},
            "reason": [],
            "device": SCRIPT,
        }
    ),
    "html everywhere": json.dumps(
        {
            "id": SCRIPT,
            "seq": 1e308,
            "captured_at": ONERROR,
            "trigger": SCRIPT,
            "request_id": ONERROR,
            "bytes": len(JPEG),
            "sha256": SCRIPT,
            "event_type": "failed",
            "reason": SCRIPT,
            "device": {"name": ONERROR},
        }
    ),
    "impossible time": json.dumps({"captured_at": "2026-99-99T99:99:99Z", "bytes": len(JPEG)}),
    "time before time": json.dumps({"captured_at": "0001-01-01T00:00:00Z", "bytes": len(JPEG)}),
    "prototype": json.dumps({"__proto__": {"name": "x"}, "constructor": {"prototype": 1}}),
}

NAMES = [
    SCRIPT,
    ONERROR,
    "<svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "\u202eevil\u202d\u0000\u0007\r\n",
    "x" * 5000,
    "\U0001f600" * 200,
    "\ud83d",  # half a character
    "",
    "   ",
]

STRANGE_IDS = ["a b", "<script>", "@all", "\u00e9", "x" * 65, "..", "a.b", "'onload='alert(1)"]

PROPERTIES = [
    {"id": SCRIPT, "seq": SCRIPT, "captured_at": SCRIPT, "trigger": SCRIPT, "request_id": SCRIPT},
    {"__proto__": "x", "constructor": "y", "id": "z"},
    {"id": "x" * 20000, "seq": "9" * 400, "captured_at": "now"},
    {"id": "other", "seq": "1", "captured_at": "2020-01-01T00:00:00Z", "sha256": "0" * 64},
]


def names_on(page):
    names = "return [...document.querySelectorAll('.name')].map((name) => name.textContent)"
    return set(page.run(names))


@pytest.mark.parametrize("retain", [False, True], ids=["live", "retained"])
def test_nothing_hostile_gets_through(open_page, broker, fake_agent, retain):
    assert len(PICTURES) + len(DOCUMENTS) * 4 + len(NAMES) + len(STRANGE_IDS) > 40
    victim = fake_agent("victim")
    victim.say_hello()
    victim.show(paint(GOOD))
    page = open_page(broker=broker.ws_url)
    page.until_shows("victim", GOOD)
    for number, payload in enumerate(PICTURES.values()):
        victim.say("image", payload, retain)
        victim.publish(f"still2mqtt/pictures{number}/image", payload, retain)
    for number, payload in enumerate(DOCUMENTS.values()):
        for leaf in ("meta", "state", "event", "status", "camera"):
            victim.publish(f"still2mqtt/documents{number}/{leaf}", payload, retain)
    victim.publish("still2mqtt/documents/state", TOO_LONG, retain)
    for number, name in enumerate(NAMES):
        state = json.dumps({"device": {"name": name}})
        victim.publish(f"still2mqtt/names{number}/state", state, retain)
    for id in STRANGE_IDS:
        victim.publish(f"still2mqtt/{id}/image", b64(JPEG), retain)
        victim.publish(f"still2mqtt/{id}/state", "{}", retain)
    for number, properties in enumerate(PROPERTIES):
        victim.publish(f"still2mqtt/properties{number}/image", b64(JPEG), retain, properties)
    if retain:
        page.driver.refresh()

    witness = fake_agent("witness")
    witness.say_hello()
    witness.show(paint(LAST))
    page.until_shows("witness", LAST)
    for number, name in enumerate(PICTURES):
        tile = f"pictures{number}"
        page.until_text(f'[data-id="{tile}"] .note', "A picture was refused: ")
        assert page.color(tile) is None, f"{name} was shown"
    for number in range(len(PROPERTIES)):
        page.until_shows(f"properties{number}", GOOD)
        assert page.tile(f"properties{number}", ".age") == "age unknown"
    if not retain:
        assert page.shows("victim", GOOD)
        assert page.tile("victim", ".age").endswith("ago")
        page.until_text("#footer", f"no agent can have: {2 * len(STRANGE_IDS)}")
    page.until(lambda: {SCRIPT, ONERROR, "evil"} <= names_on(page), "names are shown as they are")
    assert "too long" not in names_on(page)
    assert max(map(len, names_on(page))) <= 80
    assert page.run("return document.querySelector('main :is(script, svg, iframe, a)')") is None
    sources = page.run("return [...document.querySelectorAll('main img')].map((e) => e.src)")
    assert sources and all(source.startswith("blob:") for source in sources)
    assert page.console_errors() == []
