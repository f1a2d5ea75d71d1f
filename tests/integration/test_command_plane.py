"""The commands beyond a plain snapshot: wishes, replies, repeats, groups, the shutter, restarts."""

import base64
import json
import pathlib
import time

import pytest
from PIL import Image
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import picture
from agent import PATIENCE
from wire import Wire


def command(wire, verb, payload, to="cam"):
    wire.publish(f"still2mqtt/{to}/command/{verb}", payload)


def reply(wire, request_id, mark=0, deadline_s=None):
    def is_it(message):  # and no picture, which may come on this topic, too
        return b'"result"' in message.payload and message.json().get("request_id") == request_id
    return wire.wait("/reply", is_it, mark, deadline_s).json()


def ask(wire, verb, payload, to="cam"):
    mark = wire.mark()
    command(wire, verb, payload, to)
    return reply(wire, payload["request_id"], mark)


def request(wire, verb, payload, response_topic, correlation=None):
    properties = Properties(PacketTypes.PUBLISH)
    properties.ResponseTopic = response_topic
    if correlation is not None:
        properties.CorrelationData = correlation
    info = wire.client.publish(f"still2mqtt/cam/command/{verb}", json.dumps(payload), qos=1,
                               properties=properties)
    info.wait_for_publish(PATIENCE)


def state(wire, where, mark=0):
    return wire.wait("/state", lambda m: where(m.json()), mark).json()


# ---- snapshots


def test_a_reply_tells_of_the_picture(online, wire):
    online()
    mark = wire.mark()
    command(wire, "snapshot", {"request_id": "r1"})
    answer = reply(wire, "r1", mark)
    meta = wire.wait("/meta", mark=mark).json()
    assert answer["device"] == "cam" and answer["verb"] == "snapshot"
    assert answer["result"] == "done" and "code" not in answer
    [told] = answer["pictures"]
    assert all(told[key] == meta[key]
               for key in ("id", "seq", "captured_at", "sha256", "width", "height", "bytes"))
    order = [m.topic.rpartition("/")[2] for m in wire.since(mark)]
    order = [t for t in order if t in ("meta", "image", "event", "reply")]
    assert order == ["meta", "image", "event", "reply"]


def test_nobody_is_answered_who_did_not_ask(online, wire):
    online()
    mark = wire.mark()
    command(wire, "snapshot", b"")
    wire.wait("/event", mark=mark)
    ask(wire, "config", {"request_id": "later"})
    assert len(wire.since(mark, "/reply")) == 1


def test_wishes_hold_for_one_picture(online, wire):
    online(camera={"width": 640, "height": 480}, picture={"quality": 90})
    mark = wire.mark()
    command(wire, "snapshot", {"request_id": "small", "quality": 30, "max_width": 200,
                               "payload": "json"})
    reply(wire, "small", mark)
    image = wire.wait("/image", mark=mark)
    envelope = image.json()
    assert (envelope["width"], envelope["height"], envelope["quality"]) == (160, 120, 30)
    assert picture.decode(base64.b64decode(envelope["image"])).shape[:2] == (120, 160)
    assert envelope["reduced"]["from_width"] == 640

    mark = wire.mark()
    command(wire, "snapshot", {"request_id": "bytes", "max_bytes": 6000, "max_height": 300})
    answer = reply(wire, "bytes", mark)
    assert answer["pictures"][0]["bytes"] <= 6000 and answer["pictures"][0]["height"] <= 240

    mark = wire.mark()
    command(wire, "snapshot", {"request_id": "plain"})
    assert reply(wire, "plain", mark)["pictures"][0]["width"] == 640
    meta = wire.wait("/meta", mark=mark).json()
    assert meta["quality"] == 90 and meta["width"] == 640
    base64.b64decode(wire.wait("/image", mark=mark).payload, validate=True)


def test_a_webcams_own_jpeg_is_made_smaller_where_that_is_wanted(online, wire, tmp_path):
    Image.new("RGB", (640, 480), (200, 30, 60)).save(tmp_path / "one.jpg")
    online(camera={"driver": "files", "path": str(tmp_path), "width": 640, "height": 480,
                   "format": "MJPEG"})
    mark = wire.mark()
    command(wire, "snapshot", {"request_id": "small", "max_width": 320})
    reply(wire, "small", mark)
    meta = wire.wait("/meta", mark=mark).json()
    assert (meta["width"], meta["height"]) == (320, 240) and "passthrough" not in meta
    image = picture.decode(base64.b64decode(wire.wait("/image", mark=mark).payload))
    assert image.shape[:2] == (240, 320)


@pytest.mark.parametrize("setting,wish,is_after", [("latest", "after-trigger", True),
                                                   ("after-trigger", "latest", False)])
def test_freshness_is_a_wish(online, wire, setting, wish, is_after):
    online(camera={"fps": 5.0, "idle_fps": 5.0, "freshness": setting})
    answers = []
    for n in range(4):
        mark = wire.mark()
        command(wire, "snapshot", {"request_id": f"f{n}", "freshness": wish})
        assert reply(wire, f"f{n}", mark)["result"] == "done"
        answers.append(wire.wait("/meta", mark=mark).json()["exposed_after_trigger"])
    assert all(answers) if is_after else len(answers) == 4


def test_a_burst(online, wire):
    online(camera={"fps": 30.0})
    mark = wire.mark()
    answer = ask(wire, "snapshot", {"request_id": "b", "count": 5, "gap_s": 0.2})
    assert answer["result"] == "done"
    assert len({p["id"] for p in answer["pictures"]}) == 5
    metas = [m.json() for m in wire.since(mark, "/meta")]
    assert [m["id"] for m in metas] == [p["id"] for p in answer["pictures"]]
    assert all(m["request_id"] == "b" for m in metas)
    gaps = [b["monotonic_ms"] - a["monotonic_ms"] for a, b in zip(metas, metas[1:])]
    assert min(gaps) >= 150, gaps  # a frame's time less than 200


# ---- replies


def test_the_response_topic_and_correlation_data(broker, online, wire):
    online()
    mine = Wire(broker.port, topic="client/7/answers")
    mark = wire.mark()
    request(wire, "snapshot", {"request_id": "r5"}, "client/7/answers", b"\x00\xff17")
    answer = mine.wait("answers")
    assert answer.json()["result"] == "done" and answer.correlation == b"\x00\xff17"
    assert answer.content_type == "application/json" and not answer.retain
    # without a request id, too
    request(wire, "config", {}, "client/7/answers", b"18")
    assert mine.wait("answers", lambda m: m.correlation == b"18").json()["verb"] == "config"
    assert not wire.since(mark, "/reply")
    # a refusal likewise
    request(wire, "snapshot", {"quality": 0}, "client/7/answers", b"19")
    refusal = mine.wait("answers", lambda m: m.correlation == b"19").json()
    assert refusal["result"] == "refused" and refusal["code"] == "bad_value"
    mine.close()


BAD_ADDRESSES = {
    "one of ours": ("still2mqtt/cam/image", b""),
    "another device's": ("still2mqtt/door/command/restart", b""),
    "a device's set": ("still2mqtt/@all/set/picture.quality", b""),
    "too long": ("x" * 257, b""),
    "long correlation": ("client/a", b"x" * 129),
}


@pytest.mark.parametrize("name", BAD_ADDRESSES)
def test_a_response_topic_that_is_none_is_refused(online, wire, name):
    topic, correlation = BAD_ADDRESSES[name]
    online()
    mark = wire.mark()
    request(wire, "snapshot", {"request_id": "r"}, topic, correlation)
    answer = reply(wire, "r", mark)
    assert answer["result"] == "refused" and answer["code"] == "bad_response_topic"
    ask(wire, "config", {"request_id": "fence"})
    assert not wire.since(mark, "/image") and not wire.since(mark, "/command/restart")


@pytest.mark.parametrize("payload", ["base64", "raw", "json"])
def test_the_picture_itself_as_the_reply(online, wire, payload):
    online()
    mark = wire.mark()
    command(wire, "snapshot", {"request_id": "p", "payload": payload, "reply": "image"})
    answer = reply(wire, "p", mark)
    image = wire.wait("/image", mark=mark)
    first = wire.since(mark, "/reply")[0]
    assert first.payload == image.payload and first.content_type == image.content_type
    assert first.user["id"] == answer["pictures"][0]["id"] and not first.retain
    assert len(wire.since(mark, "/reply")) == 2


# ---- once


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_repeated_command_is_carried_out_once(online, wire, version):
    online(mqtt={"version": version}, camera={"fps": 5.0})
    mark = wire.mark()
    for _ in range(3):  # while the first is still running, as a rule
        command(wire, "snapshot", {"request_id": "once"})
    first = reply(wire, "once", mark)
    for _ in range(3):
        mark2 = wire.mark()
        command(wire, "snapshot", {"request_id": "once"})
        assert reply(wire, "once", mark2) == first
    assert len(wire.since(mark, "/image")) == 1
    # the same id with another verb is another request
    assert ask(wire, "config", {"request_id": "once"})["verb"] == "config"


def test_a_repeat_is_answered_where_it_came_from(broker, online, wire):
    online(camera={"fps": 5.0})
    mine = Wire(broker.port, topic="client/#")
    command(wire, "snapshot", {"request_id": "two"})
    request(wire, "snapshot", {"request_id": "two"}, "client/second", b"2")
    assert mine.wait("second").json()["pictures"] == reply(wire, "two")["pictures"]
    assert len(wire.since(0, "/image")) == 1
    mine.close()


def test_commands_that_wait_for_the_same_frame_are_one_picture(online, wire):
    online(camera={"fps": 5.0, "idle_fps": 5.0})
    mark = wire.mark()
    for n in range(10):
        wire.publish("still2mqtt/cam/command/snapshot", {"request_id": f"c{n}"}, qos=0)
    answers = [reply(wire, f"c{n}", mark) for n in range(10)]
    assert all(a["result"] == "done" for a in answers)
    ids = {a["pictures"][0]["id"] for a in answers}
    assert len(ids) <= 4
    metas = [m.json() for m in wire.since(mark, "/meta")]
    assert {m["id"] for m in metas} == ids
    assert all(m["exposed_after_trigger"] for m in metas)


def test_other_wishes_are_another_picture(online, wire):
    online(camera={"fps": 5.0, "idle_fps": 5.0})
    mark = wire.mark()
    for n in range(6):
        wire.publish("still2mqtt/cam/command/snapshot",
                     {"request_id": f"c{n}", "quality": 50 + n % 2}, qos=0)
    answers = [reply(wire, f"c{n}", mark) for n in range(6)]
    quality = {m.json()["id"]: m.json()["quality"] for m in wire.since(mark, "/meta")}
    assert all(quality[a["pictures"][0]["id"]] == 50 + n % 2 for n, a in enumerate(answers))


# ---- who may what


def test_the_rate_limit(online, wire):
    online(commands={"per_s": 0.1, "burst": 3})
    answers = [ask(wire, "config", {"request_id": f"r{n}"}) for n in range(5)]
    assert [a["result"] for a in answers] == ["done"] * 3 + ["refused"] * 2
    assert answers[3]["code"] == "too_fast"


def test_the_list_of_verbs(online, wire):
    online(commands={"allow": "snapshot"})
    assert ask(wire, "snapshot", {"request_id": "a"})["result"] == "done"
    refusal = ask(wire, "config", {"request_id": "b"})
    assert refusal["code"] == "not_allowed" and "commands.allow" in refusal["reason"]


@pytest.mark.parametrize("payload,code", [
    (b'{"request_id": "x", "qality": 3}', "unknown_key"),
    (b'{"request_id": "x", "quality": 0}', "bad_value"),
])
def test_a_refusal_has_a_code(online, wire, payload, code):
    online()
    mark = wire.mark()
    command(wire, "snapshot", payload)
    assert reply(wire, "x", mark)["code"] == code
    assert ask(wire, "format", {"request_id": "y"})["code"] == "unknown_verb"


# ---- many


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_everybody_and_groups(broker, agents, wire, version):
    for name, groups in (("a", "out, north"), ("b", "out"), ("c", "")):
        agents(device={"id": name, "groups": groups, "area": "Yard"}, mqtt={"version": version})
        wire.wait(f"/{name}/camera", lambda m: m.payload == b"online")

    def answering(to, request_id):
        mark = wire.mark()
        command(wire, "config", {"request_id": request_id}, to)
        # a fence behind it on each device
        for name in "abc":
            command(wire, "config", {"request_id": f"{request_id}-{name}"}, name)
            reply(wire, f"{request_id}-{name}", mark)
        return {m.json()["device"] for m in wire.since(mark, "/reply")
                if m.json()["request_id"] == request_id}

    assert answering("@all", "1") == {"a", "b", "c"}
    assert answering("@out", "2") == {"a", "b"}
    assert answering("@north", "3") == {"a"}
    assert answering("@south", "4") == set()
    shown = wire.wait("/a/state").json()["device"]
    assert shown["groups"] == ["out", "north"] and shown["area"] == "Yard"


def test_a_spread_gives_each_device_its_own_time(agents, wire):
    for name in "abcd":
        agents(device={"id": name})
        wire.wait(f"/{name}/camera", lambda m: m.payload == b"online")
    mark = wire.mark()
    command(wire, "snapshot", {"request_id": "s", "spread_ms": 2000}, "@all")
    wire.wait_count("/reply", 4, mark)
    metas = [m.json() for m in wire.since(mark, "/meta")]
    times = sorted(m["monotonic_ms"] for m in metas)
    assert len(times) == 4 and all(m["exposed_after_trigger"] for m in metas)
    assert times[3] - times[0] <= 2500 and len({t // 100 for t in times}) >= 3


# ---- the other verbs


def test_config_reports_no_secret(online, wire, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("hush\n")
    secret.chmod(0o600)
    online(mqtt={"username": "u5er", "password_file": str(secret)})
    mark = wire.mark()
    answer = ask(wire, "config", {"request_id": "c"})
    assert answer["config"]["picture"]["quality"] == 90
    assert answer["config"]["camera"]["driver"] == "pattern"
    text = wire.since(mark, "/reply")[0].payload
    assert b"hush" not in text and b"u5er" not in text and str(tmp_path).encode() not in text


def test_identify_is_shown_for_a_while(online, wire):
    online()
    mark = wire.mark()
    assert ask(wire, "identify", {"request_id": "i"})["result"] == "done"
    state(wire, lambda s: s["identify"], mark)
    mark = wire.mark()
    state(wire, lambda s: not s["identify"], mark)


def test_the_shutter(broker, online, wire):
    agent = online(schedule={"interval_s": 0.2, "on_start": True})
    wire.wait("/image")
    mark = wire.mark()
    assert ask(wire, "shutter", {"request_id": "s1", "state": "closed"})["result"] == "done"
    state(wire, lambda s: s["shutter"] == "closed", mark)
    wire.wait("/camera", lambda m: m.payload == b"offline", mark)
    wire.wait("/image", lambda m: m.payload == b"", mark)
    wire.wait("/meta", lambda m: m.payload == b"", mark)
    until = time.monotonic() + PATIENCE
    children = pathlib.Path(f"/proc/{agent.agent_pid()}/task/{agent.agent_pid()}/children")
    while children.read_text().split():
        assert time.monotonic() < until, "the driver still runs"
        ask(wire, "config", {"request_id": f"poll{time.monotonic_ns()}"})
    mark = wire.mark()
    refusal = ask(wire, "snapshot", {"request_id": "s2"})
    assert refusal["result"] == "failed" and refusal["code"] == "shutter_closed"
    late = Wire(broker.port)  # finds no picture
    late.wait("/state")
    assert not late.since(0, "/image") and not late.since(0, "/meta")
    late.close()
    assert not [m for m in wire.since(mark, "/image") if m.payload]

    assert ask(wire, "shutter", {"request_id": "s3", "state": "open"})["result"] == "done"
    wire.wait("/camera", lambda m: m.payload == b"online", mark)
    wire.wait("/image", lambda m: m.payload, mark)


def test_a_shutter_closed_at_the_start(broker, agents, wire):
    wire.publish("still2mqtt/cam/image", b"of an earlier run", retain=True)
    mark = wire.mark()
    agents(camera={"shutter": "closed"}, schedule={"interval_s": 0.2, "on_start": True})
    wire.wait("/image", lambda m: m.payload == b"", mark)
    assert state(wire, lambda s: True)["shutter"] == "closed"
    assert ask(wire, "shutter", {"request_id": "o", "state": "open"})["result"] == "done"
    wire.wait("/image", lambda m: m.payload, mark)


def test_a_locked_shutter_stays_closed(agents, wire):
    agents(camera={"shutter": "locked"}, schedule={"interval_s": 0.2, "on_start": True})
    wire.wait("/state", lambda m: m.json()["shutter"] == "locked")
    refusal = ask(wire, "shutter", {"request_id": "o", "state": "open"})
    assert refusal["result"] == "failed" and refusal["code"] == "shutter_locked"
    assert not [m for m in wire.since(0, "/image") if m.payload]


def test_restart_of_the_camera(online, wire):
    agent = online()
    before = agent.driver_pid()
    assert ask(wire, "restart", {"request_id": "r", "what": "camera"})["result"] == "done"
    assert ask(wire, "snapshot", {"request_id": "s"})["result"] == "done"
    assert agent.driver_pid() != before
    assert ask(wire, "restart", {"request_id": "r2"})["code"] == "bad_value"


def test_restart_of_the_agent(online, wire):
    agent = online(device={"health_s": 1.0})
    early = ask(wire, "restart", {"request_id": "early", "what": "agent"})
    if early["result"] == "failed":
        assert early["code"] == "busy"
        wire.wait("/health", lambda m: m.json()["uptime_s"] >= 10)
        mark = wire.mark()
        assert ask(wire, "restart", {"request_id": "r", "what": "agent"})["result"] == "done"
    wire.wait("/status", lambda m: m.payload == b"offline", mark)
    assert agent.process.wait(10) == 75  # a failure to a service manager, which starts it again
    agent.ends_with = 75
