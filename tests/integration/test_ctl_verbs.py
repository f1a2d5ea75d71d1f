"""still2mqtt-ctl list, state, watch, set and unset against real agents and a real broker."""

import json
import re
import signal
import threading

import pytest

from agent import PATIENCE

OK, USAGE, DATA, NO_USER, TEMPORARY = 0, 64, 65, 67, 75


def test_list(online, made_up, ctl, wire):
    online(device={"id": "porch", "name": "Front pörch"})
    gone = online(device={"id": "garage"})
    gone.stop()
    wire.wait("/garage/status", lambda m: m.payload == b"offline")
    made_up("evil", lambda *_: None).publish(
        "state", {"device": {"name": "\u001b]0;owned\u0007\u009b31m"}}, retain=True)
    ctl("snap", "porch")
    done = ctl("list")
    assert done.status == OK and done.err == ""
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.out)
    head, evil, garage, porch = done.lines()
    assert re.fullmatch(r"ID +NAME +STATUS +CAMERA +PICTURE +VERSION", head)
    assert re.search(r"^evil +\?\]0;owned", evil)
    assert re.search(r"^garage +garage +offline +\w+ +- ", garage)
    assert re.search(r"^porch +Front pörch +online +online +\d+ s\?? +\d+\.\d+", porch)
    rows = {row["id"]: row for row in json.loads(ctl("list", "--json").out)}
    assert rows["porch"]["name"] == "Front pörch" and rows["porch"]["picture_age_s"] >= 0
    assert rows["garage"]["status"] == "offline" and "picture_age_s" not in rows["garage"]


def test_list_of_more_than_mosquitto_keeps_for_a_subscriber(ctl, wire):
    """Of QoS 1 it would drop all but the first 1020."""
    count = 2000
    for n in range(count - 1):
        wire.client.publish(f"still2mqtt/cam{n}/status", "online", qos=1, retain=True)
    wire.publish(f"still2mqtt/cam{count - 1}/status", "online", retain=True)
    assert len(json.loads(ctl("list", "--json").out)) == count


def test_topics_that_no_agent_has(ctl, wire):
    for topic in ("/status", "still2mqtt//status", "still2mqtt/a/b/status", "still2mqtt/status",
                  "still2mqtt/@all/status", "still2mqtt/pörch/status", "still2mqtt/a b/status",
                  f"still2mqtt/{'x' * 65}/status"):
        wire.publish(topic, "online", retain=True)
    wire.publish("still2mqtt/good/status", "online", retain=True)
    assert [row["id"] for row in json.loads(ctl("list", "--json").out)] == ["good"]


def test_list_of_nobody(ctl):
    done = ctl("list")
    assert done.status == NO_USER and "--prefix" in done.err
    assert json.loads(ctl("list", "--json").out) == []


def test_state(online, ctl):
    online(device={"id": "porch"})
    done = ctl("state", "porch")
    document = json.loads(done.out)
    assert done.status == OK and len(done.lines()) > 10  # for people
    assert document["state"]["camera"]["driver"] == "pattern"
    assert document["health"]["version"] and document["status"] == "online"
    one_line = ctl("state", "porch", "--json")
    assert len(one_line.lines()) == 1 and one_line.objects()[0]["id"] == "porch"
    done = ctl("state", "porhc")
    assert done.status == NO_USER and "did you mean porch?" in done.err


def read_until(stream, pattern):
    """The stream ends when its process is killed, so this does not wait for ever."""
    seen = ""
    for line in iter(stream.readline, b""):
        seen += line.decode()
        if re.search(pattern, seen):
            return seen
    raise AssertionError(f"/{pattern}/ is not in\n{seen}")


@pytest.fixture
def watching(ctl):
    made = []

    def start(*words):
        process = ctl.start("watch", *words)
        timer = threading.Timer(2 * PATIENCE, process.kill)
        timer.start()
        made.append((process, timer))
        return process

    yield start
    for process, timer in made:
        timer.cancel()
        process.send_signal(signal.SIGINT)
        process.communicate()


def test_watch(online, watching, wire):
    agent = online(device={"id": "porch"})
    online(device={"id": "garage"})
    process = watching("porch")
    read_until(process.stdout, r"porch  camera online")
    wire.snapshot("r1", device="garage")
    wire.snapshot("r2", device="porch")
    seen = read_until(process.stdout, r"captured")
    assert re.search(r"^\d{4}-\S+Z  porch  captured seq=\d+ trigger=command request_id=r2$", seen,
                     re.M), seen
    agent.stop()
    assert "garage" not in read_until(process.stdout, r"porch  agent offline")


def test_watch_tells_what_an_event_has(made_up, watching):
    camera = made_up("gate", lambda *_: None)
    process = watching()
    read_until(process.stdout, r"gate  agent online")
    camera.publish("event", {"event_type": "setting", "key": "camera.ev", "value": -0.5,
                             "outcome": "rolled-back", "reason": "dark\u001b[2J"})
    camera.publish("event", b"no JSON")
    seen = read_until(process.stdout, r"no known form")
    assert "gate  setting key=camera.ev value=-0.5 outcome=rolled-back: dark?[2J\n" in seen


def test_watch_goes_on_over_a_broker_that_restarts(broker, online, watching):
    online(device={"id": "porch"})
    process = watching("--json")
    read_until(process.stdout, r'"topic":"camera","payload":"online"')
    broker.kill()
    read_until(process.stderr, r"trying again")
    broker.restart()
    read_until(process.stdout, r'"id":"porch","topic":"status","payload":"online"')


def test_watch_ends_in_time(online, ctl):
    online(device={"id": "porch"})
    done = ctl("watch", "--timeout", "2")
    assert done.status == OK and "porch  agent online" in done.out


def answer_setting(camera, suffix, payload):
    verb, key = suffix.split("/")
    asked = json.loads(payload)
    event = {"event_type": "setting", "key": key, "value": asked.get("value"), "outcome": "kept",
             "request_id": asked["request_id"]}
    if key == "mqtt.url":
        event = {"event_type": "refused", "reason": "mqtt.url is never changed remotely",
                 "request_id": asked["request_id"]}
    camera.publish("event", {"event_type": "setting", "key": key, "value": "of another's",
                             "request_id": "theirs"})
    camera.publish("event", event)


@pytest.mark.parametrize("key, value, sent, told", [
    ("picture.quality", "80", 80, "80"),
    ("camera.ev", "-0.5", -0.5, "-0.5"),
    ("picture.exif", "false", False, "false"),
    ("camera.awb", "daylight", "daylight", "daylight"),
    ("device.name", "17", "17", "17"),  # a text that looks like a number
    ("some.day", "[1]", [1], "[1]"),  # of an agent that is newer
])
def test_set(made_up, ctl, key, value, sent, told):
    camera = made_up("gate", answer_setting)
    done = ctl("set", "--", "gate", key, value)
    assert (done.status, done.out) == (OK, f"gate: {key} = {told}\n"), done.err
    assert camera.heard[0][0] == f"set/{key}"
    assert json.loads(camera.heard[0][1])["value"] == sent


def test_a_real_agent(online, ctl, wire):
    online(device={"id": "porch"})
    done = ctl("set", "porch", "picture.quality", "41")
    assert done.status == OK and done.out.startswith("porch: picture.quality = 41"), done.err
    assert ctl("snap", "porch").status == OK
    assert wire.wait("/porch/meta").json()["quality"] == 41
    for key, value, word in (("picture.quality", "410", "1 to 100"),
                             ("picture.qualty", "41", "did you mean picture.quality?"),
                             ("mqtt.url", "mqtt://x", "mqtt.url")):
        done = ctl("set", "porch", key, value)
        assert done.status == DATA and word in done.err, done.err
    done = ctl("unset", "porch", "picture.quality")
    assert done.status == OK and done.out.startswith("porch: picture.quality = 90"), done.err


def test_unset(made_up, ctl):
    camera = made_up("gate", answer_setting)
    done = ctl("unset", "gate", "picture.quality", "--json")
    assert done.status == OK and done.objects()[0]["key"] == "picture.quality"
    (suffix, payload), = camera.heard
    assert suffix == "unset/picture.quality" and list(json.loads(payload)) == ["request_id"]


def test_set_refused(made_up, ctl):
    made_up("gate", answer_setting)
    done = ctl("set", "gate", "mqtt.url", "mqtt://x")
    assert done.status == DATA and "never changed remotely" in done.err and done.out == ""


def test_set_without_an_answer(made_up, ctl):
    made_up("gate", lambda *_: None)
    done = ctl("set", "gate", "picture.quality", "80", "--timeout", "2")
    assert done.status == TEMPORARY and "gate did not answer" in done.err
    done = ctl("set", "gaet", "picture.quality", "80")
    assert done.status == NO_USER and "did you mean gate?" in done.err
    for key in ("a/b", "#", "picture.qual ity", ""):
        assert ctl("set", "gate", key, "80").status == USAGE
