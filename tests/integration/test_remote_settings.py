"""Settings over MQTT: validated, applied, on trial, kept or rolled back."""

import base64
import json
import signal
import subprocess

import pytest

import picture
from agent import AGENT, Agent

SET = "still2mqtt/cam/set/"
UNSET = "still2mqtt/cam/unset/"

TRIAL_S = 2.0  # the shortest there is: a change that is not to be kept has a long one
LONG_S = 3600.0


def setting(wire, key, outcome, mark=0):
    return wire.wait("/event", lambda m: m.json().get("key") == key and
                     m.json().get("outcome") == outcome, mark).json()


def refused(wire, mark):
    return wire.wait("/event", lambda m: m.json()["event_type"] == "refused", mark).json()


def state(wire, where, mark=0):
    return wire.wait("/state", lambda m: where(m.json()["settings"]), mark).json()


def shot(wire, request_id):
    """Takes a picture; its meta."""
    mark = wire.mark()
    wire.snapshot(request_id)
    return wire.wait("/meta", lambda m: m.json().get("request_id") == request_id, mark).json()


def quality_of(wire, request_id):
    return shot(wire, request_id)["quality"]


def start(online, trial_s=TRIAL_S, **groups):
    return online(device={"trial_s": trial_s}, **groups)


def again(agent, wire):
    """The same agent, once more."""
    mark = wire.mark()
    agent.start()
    wire.wait("/camera", lambda m: m.payload == b"online", mark)


def effective(agent):
    return subprocess.run([AGENT, "--config", agent.config, "--print-config"], text=True,
                          capture_output=True, check=True).stdout


def test_a_live_setting_is_applied_reported_kept_and_taken_back(online, wire):
    agent = start(online, picture={"quality": 70})
    assert quality_of(wire, "before") == 70
    pid = agent.driver_pid()
    mark = wire.mark()
    wire.publish(SET + "picture.quality", "50")
    event = setting(wire, "picture.quality", "trial", mark)
    assert (event["event_type"], event["value"]) == ("setting", 50)
    assert quality_of(wire, "on-trial") == 50
    on_trial = state(wire, lambda s: s["on_trial"] == ["picture.quality"], mark)
    assert on_trial["picture"]["quality"] == 50
    assert on_trial["settings"]["changed"] == {"picture.quality": 50}
    assert setting(wire, "picture.quality", "kept", mark)["value"] == 50
    state(wire, lambda s: s["on_trial"] == [] and s["changed"] == {"picture.quality": 50}, mark)
    assert agent.driver_pid() == pid, "the camera was started anew for a live setting"
    assert "    # changed over MQTT\n    quality = 50;\n" in effective(agent)

    agent.stop()
    again(agent, wire)
    assert quality_of(wire, "second-run") == 50

    mark = wire.mark()
    wire.publish(UNSET + "picture.quality", {"request_id": "undo"})
    event = setting(wire, "picture.quality", "trial", mark)
    assert (event["value"], event["request_id"]) == (70, "undo")
    assert quality_of(wire, "undone") == 70
    assert setting(wire, "picture.quality", "kept", mark)["request_id"] == "undo"
    assert "changed over MQTT" not in effective(agent)


def test_a_change_can_be_taken_back_on_trial(online, wire):
    agent = start(online, trial_s=LONG_S)
    wire.publish(SET + "picture.quality", "50")
    setting(wire, "picture.quality", "trial")
    wire.publish(UNSET + "picture.quality")
    assert setting(wire, "picture.quality", "kept")["value"] == 90
    assert quality_of(wire, "after") == 90
    assert json.loads(wire.since(topic="/state")[-1].payload)["settings"] == \
        {"changed": {}, "on_trial": []}
    assert not agent.state.exists()


def test_a_camera_setting_starts_the_camera_anew_and_shows_a_picture(online, wire):
    agent = start(online)
    pid = agent.driver_pid()
    mark = wire.mark()
    wire.publish(SET + "camera.width", {"value": 320, "request_id": "wider"})
    wire.publish(SET + "camera.height", "240")
    assert setting(wire, "camera.width", "trial", mark)["request_id"] == "wider"
    meta = wire.wait("/meta", lambda m: m.json()["height"] == 240, mark).json()
    assert meta["width"] == 320
    assert setting(wire, "camera.width", "kept", mark)["request_id"] == "wider"
    assert "request_id" not in setting(wire, "camera.height", "kept", mark)
    assert agent.driver_pid() != pid
    assert not [m for m in wire.since(mark, "/camera") if m.payload == b"offline"]
    kept = state(wire, lambda s: s == {"changed": {"camera.width": 320, "camera.height": 240},
                                       "on_trial": []}, mark)
    assert (kept["camera"]["width"], kept["camera"]["height"]) == (320, 240)


WRONG = [
    ("picture.quality", "101", "101 is out of range: 1 to 100"),
    ("picture.quality", "fine", "a whole number is expected"),
    ("picture.quality", "", "a whole number is expected"),
    ("picture.quality", "[80]", "a whole number is expected"),
    ("picture.quality", "NaN", "a whole number is expected"),
    ("picture.quality", "1e999", "a whole number is expected"),
    ("picture.quality", "99999999999999999999999", "a whole number is expected"),
    ("picture.quality", "[" * 4000, "a whole number is expected"),
    ("picture.quality", '{"value": 80, "value": 81}', "not JSON"),
    ("picture.quality", '{"value": 80, "path": "/"}', 'unknown key "path"'),
    ("picture.quality", '{"request_id": "a"}', 'no "value"'),
    ("picture.quality", '{"value": 80, "request_id": "a b"}', "request_id must be"),
    ("picture.quality", "8" * 5000, "5000 bytes"),
    ("picture.payload", "gif", '"base64", "raw" or "json" is expected'),
    ("device.name", b"\xff\xfe", "UTF-8"),
    ("device.name", "a\nb", "control characters"),
    ("device.name", b"a\0b", "NUL"),
    ("picture.qualty", "80", "did you mean picture.quality?"),
    ("mqtt.url", "mqtt://evil:1883", "set it in the settings file"),
    ("mqtt.password_file", "/etc/shadow", "set it in the settings file"),
    ("camera.path", "/etc", "set it in the settings file"),
    ("camera.driver", "files", "set it in the settings file"),
    ("device.id", "other", "set it in the settings file"),
    ("device.state_path", "/", "set it in the settings file"),
    ("spool.path", "/", "set it in the settings file"),
    ("picture.min_quality", "95", "must not be more than picture.quality, which is 90"),
    # what would break the schedule
    ("schedule.interval_s", "0.001", "out of range"),
    ("schedule.interval_s", "-5", "out of range"),
    ("schedule.interval_s", "soon", "a number is expected"),
]

CASES_AT_ONCE = 10  # refusals are told, in ten seconds


@pytest.mark.parametrize("first", range(0, len(WRONG), CASES_AT_ONCE))
def test_what_is_wrong_is_refused_and_changes_nothing(online, wire, first):
    agent = start(online, trial_s=LONG_S)
    pid = agent.driver_pid()
    before = effective(agent)
    mark = wire.mark()
    for number, (key, payload, why) in enumerate(WRONG[first:first + CASES_AT_ONCE], 1):
        wire.publish(SET + key, payload)
        event = wire.wait_count("/event", number, mark)[-1].json()
        assert event["event_type"] == "refused" and why in event["reason"], (key, payload, event)
    assert agent.driver_pid() == pid
    assert not wire.since(mark, "/state")
    assert effective(agent) == before and not agent.state.exists()


def test_a_schedule_that_is_refused_leaves_the_one_there_is(online, wire):
    start(online, trial_s=LONG_S, schedule={"interval_s": 0.3})
    mark = wire.mark()
    wire.publish(SET + "schedule.interval_s", "0.01")
    refused(wire, mark)
    wire.wait_count("/meta", 3, wire.mark())


def test_a_schedule_can_be_changed(online, wire):
    start(online, trial_s=LONG_S)
    wire.publish(SET + "schedule.interval_s", "0.2")
    timed = wire.wait("/meta", lambda m: m.json()["trigger"] == "timer").json()
    assert timed["seq"] > 0


def test_a_retained_change_is_refused(broker, online, agents, wire):
    start(online, trial_s=LONG_S)
    mark = wire.mark()
    wire.publish(SET + "picture.quality", "50", retain=True)
    assert "retained" in refused(wire, mark)["reason"]
    wire.publish(SET + "picture.quality", "", retain=True)
    assert quality_of(wire, "after") == 90


def test_texts_may_be_plain_or_json(online, wire):
    start(online, trial_s=LONG_S)
    for payload, name in [("Front door", "Front door"), ('"Back \\"door\\""', 'Back "door"'),
                          ("17", "17"), ({"value": "Gäste"}, "Gäste")]:
        mark = wire.mark()
        wire.publish(SET + "device.name", payload)
        assert setting(wire, "device.name", "trial", mark)["value"] == name
        assert wire.wait("/state", lambda m, name=name: m.json()["device"]["name"] == name, mark)


def test_a_setting_that_breaks_the_camera_is_rolled_back_at_once(online, wire):
    agent = start(online, trial_s=LONG_S)
    shot(wire, "before")
    mark = wire.mark()
    wire.publish(SET + "picture.quality", "50")
    wire.publish(SET + "camera.format", {"value": "MJPEG", "request_id": "oops"})
    setting(wire, "camera.format", "trial", mark)
    event = setting(wire, "camera.format", "rolled-back", mark)
    assert "the camera was lost: the test card cannot be drawn" in event["reason"], event
    assert (event["value"], event["request_id"]) == ("auto", "oops")
    # what was on trial with it goes with it
    assert setting(wire, "picture.quality", "rolled-back", mark)["value"] == 90
    wire.wait("/camera", lambda m: m.payload == b"online", mark)
    assert quality_of(wire, "after") == 90
    state(wire, lambda s: s == {"changed": {}, "on_trial": []}, mark)
    assert not agent.state.exists()


def test_a_camera_that_gives_no_picture_is_rolled_back_at_the_end(online, wire):
    start(online)
    mark = wire.mark()
    wire.publish(SET + "camera.fps", "0.1")
    event = setting(wire, "camera.fps", "rolled-back", mark)
    assert "no picture came within 2 s" in event["reason"]
    assert shot(wire, "after")["width"] == 160


def test_a_broker_that_is_lost_takes_the_change_with_it(broker, online, wire):
    agent = start(online)
    wire.publish(SET + "picture.quality", "50")
    setting(wire, "picture.quality", "trial")
    broker.kill()
    agent.wait_log("picture.quality over MQTT: rolled-back: the broker is away")
    mark = wire.mark()
    broker.start()
    # the event may be out before this subscriber is back; the state is retained
    state(wire, lambda s: s == {"changed": {}, "on_trial": []}, mark)
    assert quality_of(wire, "after") == 90


def test_an_agent_that_dies_on_trial_comes_back_with_what_it_had(online, wire):
    agent = start(online)
    wire.publish(SET + "picture.quality", "60")
    setting(wire, "picture.quality", "kept")
    agent.stop()
    agent.config.write_text(agent.config.read_text().replace("trial_s = 2.0", "trial_s = 3600.0"))
    again(agent, wire)
    mark = wire.mark()
    wire.publish(SET + "picture.quality", "50")
    setting(wire, "picture.quality", "trial", mark)
    agent.stop(signal.SIGKILL)
    again(agent, wire)
    assert quality_of(wire, "after") == 60


def test_a_disk_that_takes_nothing_is_told_and_the_change_applies(online, wire, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    agent = online(device={"trial_s": TRIAL_S, "state_path": str(blocked / "state")})
    wire.publish(SET + "picture.quality", "50")
    event = setting(wire, "picture.quality", "kept")
    assert "it will not outlive a restart: " in event["reason"]
    assert "not outlive" in state(wire, lambda s: "fault" in s)["settings"]["fault"]
    wire.wait("/health", lambda m: "not outlive" in m.json().get("last_fault", ""))
    assert quality_of(wire, "after") == 50
    agent.stop()
    again(agent, wire)
    assert quality_of(wire, "second-run") == 90


def test_a_file_that_is_no_longer_valid_keeps_nobody_from_starting(broker, wire):
    agent = Agent(port=broker.port)
    agent.state.mkdir()
    (agent.state / "cam.changes").write_text(
        "picture: { quality = 900; subsampling = \"4:4:4\"; gone = 1; };\n"
        "mqtt: { url = \"mqtt://evil:1883\"; };\n")
    agent.start()
    wire.wait("/camera", lambda m: m.payload == b"online")
    assert json.loads(wire.wait("/state").payload)["settings"]["changed"] == \
        {"picture.subsampling": "4:4:4"}
    for finding in ("picture.quality: 900 is out of range", "picture.gone: unknown key",
                    "mqtt.url: left out"):
        agent.wait_log(finding)
    mark = wire.mark()
    wire.snapshot("works")
    picture.decode(base64.b64decode(wire.wait("/image", mark=mark).payload))
    agent.close()
