"""Snapshots on command: fresh, answered, and nothing else is ever carried out."""

import base64
import random
import time

import pytest

import picture

BAD = {
    "not JSON": b"hello",
    "half JSON": b'{"request_id": ',
    "array": b"[1]",
    "string": b'"snapshot"',
    "number": b"17",
    "request_id is a number": b'{"request_id": 17}',
    "request_id is null": b'{"request_id": null}',
    "request_id is empty": b'{"request_id": ""}',
    "request_id is too long": b'{"request_id": "' + b"x" * 65 + b'"}',
    "request_id has a space": b'{"request_id": "a b"}',
    "request_id has a wildcard": b'{"request_id": "a/#"}',
    "request_id has a line feed": b'{"request_id": "a\\nb"}',
    "unknown key": b'{"qualty": 50}',
    "a negative number": b'{"quality": -1}',
    "a number beyond its range": b'{"quality": 101}',
    "a huge number": b'{"max_bytes": 99999999999999999999999999}',
    "a number beyond all ranges": b'{"gap_s": 1e999}',
    "a fraction": b'{"quality": 50.5}',
    "a number as text": b'{"quality": "50"}',
    "a word that is none": b'{"payload": "png"}',
    "a path": b'{"payload": "../../etc/passwd"}',
    "too long a burst": b'{"count": 21}',
    "no burst": b'{"count": 0}',
    "two keys of one name that is known": b'{"quality": 50, "quality": 51}',
    "two keys of one name": b'{"request_id": "a", "request_id": "b"}',
    "deep nesting": b'{"a":' * 600 + b"1" + b"}" * 600,
    "invalid UTF-8": b'{"request_id": "\xff\xfe"}',
    "a NUL": b'{"request_id": "a\x00"}',
    "NaN": b'{"request_id": NaN}',
    "trailing garbage": b'{} {}',
    "just too long": b" " * 4097,
    "shell": b"; reboot",
}


def carried_out(wire, mark):
    return wire.since(mark, "/image") + wire.since(mark, "/meta")


@pytest.mark.parametrize("name", BAD)
def test_bad_payloads_are_refused_with_a_reason(online, wire, name):
    online()
    mark = wire.mark()
    wire.publish("still2mqtt/cam/command/snapshot", BAD[name])
    event = wire.wait("/event", mark=mark).json()
    assert event["event_type"] == "refused" and len(event["reason"]) > 10
    assert not carried_out(wire, mark)
    # and it still works
    wire.snapshot("fine")
    wire.wait("/event", lambda m: m.json().get("request_id") == "fine")


def test_a_refusal_names_the_key_and_who_asked(online, wire):
    online()
    wire.publish("still2mqtt/cam/command/snapshot", {"request_id": "r1", "qality": 3})
    event = wire.wait("/event").json()
    assert event["request_id"] == "r1" and "qality" in event["reason"]


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_ten_megabytes(online, wire, version):
    agent = online(mqtt={"version": version})
    mark = wire.mark()
    wire.publish("still2mqtt/cam/command/snapshot", b"x" * 10_000_000)
    wire.snapshot("after")
    wire.wait("/event", lambda m: m.json().get("request_id") == "after", mark)
    refused = [m.json() for m in wire.since(mark, "/event") if m.json()["event_type"] == "refused"]
    if version == "5":
        # the broker has been told our maximum packet size: it never came here
        assert not refused
    else:
        assert "10000000 bytes" in refused[0]["reason"]
    assert agent.process.poll() is None


def test_unknown_verbs(online, wire):
    online()
    for topic in ("command/format", "command/snapshot2"):
        mark = wire.mark()
        wire.publish(f"still2mqtt/cam/{topic}", b"")
        event = wire.wait("/event", mark=mark).json()
        assert event["event_type"] == "refused" and topic in event["reason"]
        assert not carried_out(wire, mark)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_retained_command_is_never_carried_out(broker, online, wire, version):
    wire.publish("still2mqtt/cam/command/snapshot", {"request_id": "old"}, retain=True)
    mark = wire.mark()
    online(mqtt={"version": version})
    wire.snapshot("new")
    wire.wait("/event", lambda m: m.json().get("request_id") == "new", mark)
    assert not [m for m in carried_out(wire, mark) if b'"old"' in m.payload]
    if version == "3.1.1":
        # MQTT 5 subscribes without retained messages; here they come and are refused
        wire.wait("/event", lambda m: m.json()["event_type"] == "refused", mark)
    wire.publish("still2mqtt/cam/command/snapshot", b"", retain=True)


@pytest.mark.parametrize("fps,interval_s", [(60.0, 0.0), (4.0, 0.3), (20.0, 0.1)])
def test_the_frame_is_exposed_after_the_command(online, wire, fps, interval_s):
    """Read out of the picture itself: the card shows when it was exposed."""
    online(camera={"width": 256, "height": 192, "fps": fps},
           schedule={"interval_s": interval_s, "on_start": True})
    generator = random.Random(20261124)
    for n in range(12):
        wire.wait("/health", lambda m: True)
        mark = wire.mark()
        # at a random phase of the frame clock, without sleeping: busy for a moment
        until = time.monotonic_ns() + generator.randrange(50_000_000)
        while time.monotonic_ns() < until:
            pass
        sent_ms = time.monotonic_ns() // 1_000_000
        wire.snapshot(f"s{n}")
        meta = wire.wait("/meta", lambda m: m.json().get("request_id") == f"s{n}", mark).json()
        image = wire.wait("/image", lambda m: m.user.get("request_id") == f"s{n}", mark)
        _, exposed_ms, _ = picture.read_code(picture.decode(base64.b64decode(image.payload)))
        assert exposed_ms >= sent_ms, f"exposed {sent_ms - exposed_ms} ms before the command"
        assert meta["exposed_after_trigger"] is True
        wire.wait("/event", lambda m: m.json().get("request_id") == f"s{n}", mark)


def test_a_burst_of_commands_is_answered_one_by_one(online, wire):
    online(camera={"fps": 10.0})
    mark = wire.mark()
    for n in range(40):
        wire.publish("still2mqtt/cam/command/snapshot", f'{{"request_id": "b{n}"}}', qos=0)
    replies = {m.json()["request_id"]: m.json() for m in wire.wait_count("/reply", 40, mark)}
    assert len(replies) == 40
    done = [r for r in replies.values() if r["result"] == "done"]
    refused = [r for r in replies.values() if r["result"] == "refused"]
    assert len(done) + len(refused) == 40 and len(done) >= 20
    assert all(r["code"] == "too_fast" for r in refused)
    # those that wait for the same frame are one picture
    ids = {p["id"] for r in done for p in r["pictures"]}
    assert len(ids) <= len(done) / 2
    assert {m.json()["id"] for m in wire.since(mark, "/meta")} == ids
