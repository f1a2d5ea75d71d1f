"""still2mqtt-ctl snap, and its connection, against real agents and a real broker."""

import io
import json
import os
import re
import signal
import stat
import subprocess
import time

import pytest
from PIL import Image

import picture
from agent import PATIENCE, Agent
from broker import Broker
from ctl import Ctl, some_jpeg
from old_broker import OldBroker
from tls import Authority, TlsBroker
from wire import Wire

OK, USAGE, DATA, NO_USER, UNAVAILABLE = 0, 64, 65, 67, 69
CANNOT_CREATE, TEMPORARY, NO_PERMISSION, CONFIG = 73, 75, 77, 78


def check_card(jpeg, asked_at):
    """A whole test card of the pattern camera, exposed after the command."""
    pixels = picture.decode(jpeg)
    height, width, _ = pixels.shape
    counter, monotonic_ms, wall_ms = picture.read_code(pixels)
    assert wall_ms >= asked_at * 1000 - 1
    card = picture.test_card(width, height, counter, monotonic_ms, wall_ms)
    assert picture.psnr(pixels, card) >= 38
    return pixels


# snap


def test_snap_one(online, ctl, tmp_path):
    online(device={"id": "porch"})
    asked_at = time.time()
    done = ctl("snap", "porch")
    assert (done.status, done.err, done.lines()) == (OK, "", ["porch.jpg"])
    check_card((tmp_path / "porch.jpg").read_bytes(), asked_at)
    assert [path.name for path in tmp_path.iterdir()] == ["porch.jpg"]  # nothing half-written


@pytest.mark.parametrize("payload", ["base64", "raw", "json"])
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_every_form_of_payload(online, ctl, tmp_path, payload, version):
    online(camera={"width": 1920, "height": 1080, "fps": 5.0},
           picture={"payload": payload, "quality": 95, "subsampling": "4:4:4"})
    asked_at = time.time()
    done = ctl("--mqtt-version", version, "snap", "cam", "-o", "x.jpg")
    assert (done.status, done.lines()) == (OK, ["x.jpg"]), done.err
    jpeg = (tmp_path / "x.jpg").read_bytes()
    assert len(jpeg) > 65536  # what an agent lets a broker send
    check_card(jpeg, asked_at)


def test_a_broker_of_3_1_1(tmp_path):
    broker = OldBroker(Broker())
    agent = Agent(port=broker.port).start()
    agent.wait_log("connected to")
    agent.wait_log("camera online")
    asked_at = time.time()
    ctl = Ctl(f"tcp://127.0.0.1:{broker.port}", tmp_path)
    done = ctl("snap", "--all")
    assert (done.status, done.lines()) == (OK, ["cam.jpg"]), done.err
    check_card((tmp_path / "cam.jpg").read_bytes(), asked_at)
    assert "cam " in ctl("list").out
    agent.close()
    broker.close()


def test_where_it_goes(online, ctl, tmp_path):
    online(device={"id": "porch"})
    (tmp_path / "out").mkdir()
    assert ctl("snap", "porch", "-o", "out").lines() == ["out/porch.jpg"]
    assert ctl("snap", "porch", "-o", "out/").lines() == ["out/porch.jpg"]
    done = ctl("snap", "porch", "-o", "-")
    assert done.status == OK and Image.open(io.BytesIO(done.raw)).format == "JPEG"
    assert ctl("snap", "porch", "-o", "/dev/null").status == OK
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    for output in ("none/x.jpg", "none/"):
        done = ctl("snap", "porch", "-o", output)
        assert done.status == CANNOT_CREATE and "none/" in done.err, done.err
    before = (tmp_path / "out" / "porch.jpg").read_bytes()
    assert ctl("snap", "porch", "-o", "out/porch.jpg").status == OK
    assert (tmp_path / "out" / "porch.jpg").read_bytes() != before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["porch.jpg"]



def test_snap_as_json(online, ctl, tmp_path):
    online(device={"id": "porch"})
    done = ctl("snap", "--json", "porch", "nobody")
    assert done.status == NO_USER
    good, bad = sorted(done.objects(), key=lambda o: "error" in o)
    jpeg = (tmp_path / "porch.jpg").read_bytes()
    assert good["id"] == "porch" and good["bytes"] == len(jpeg) and good["width"] == 160
    assert bad["id"] == "nobody" and bad["status"] == NO_USER and "no such" in bad["error"]


def test_an_id_that_is_not_there(online, ctl):
    online(device={"id": "porch"})
    done = ctl("snap", "proch")
    assert done.status == NO_USER and "did you mean porch?" in done.err
    done = ctl("snap", "kitchen")
    assert done.status == NO_USER and "still2mqtt-ctl list" in done.err
    assert ctl("snap", "a/b").status == CONFIG or ctl("snap", "a/b").status == USAGE
    done = ctl("--prefix", "elsewhere", "snap", "porch")
    assert done.status == NO_USER and "elsewhere/" in done.err and "--prefix" in done.err


def test_an_agent_that_is_offline(online, ctl, wire):
    agent = online(device={"id": "porch"})
    agent.stop()
    wire.wait("/porch/status", lambda m: m.payload == b"offline")
    done = ctl("snap", "porch")
    assert done.status == UNAVAILABLE and "porch: the agent is offline" in done.err
    done = ctl("snap", "--all")
    assert done.status == UNAVAILABLE and "porch is offline" in done.err


def test_a_camera_that_fails(agents, wire, ctl, tmp_path):
    (tmp_path / "empty").mkdir()
    agent = agents(camera={"driver": "files", "path": str(tmp_path / "empty")})
    agent.wait_log("connected to")
    wire.wait("/camera", lambda m: m.payload == b"offline")
    done = ctl("snap", "cam")
    assert done.status == UNAVAILABLE and "cam: no picture: " in done.err, done.err
    assert len(done.err) > 40  # and why


# a fleet

FLEET = 20


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    broker = Broker()
    wire = Wire(broker.port)
    agents = [Agent(port=broker.port, device={"id": f"cam{n:02}"},
                    camera={"width": 320, "height": 240, "fps": 10.0}).start()
              for n in range(FLEET)]
    for agent in agents:
        wire.wait(f"/{agent.id}/camera", lambda m: m.payload == b"online", deadline_s=4 * PATIENCE)
    yield Ctl(f"tcp://127.0.0.1:{broker.port}", tmp_path_factory.mktemp("fleet")), agents
    for agent in agents:
        agent.close()
    wire.close()
    broker.close()


def test_snap_all(fleet, tmp_path):
    ctl, agents = fleet
    asked_at = time.time()
    done = ctl("snap", "--all", "-o", tmp_path)
    assert done.status == OK and done.err == ""
    assert sorted(done.lines()) == [f"{tmp_path}/{agent.id}.jpg" for agent in agents]
    for agent in agents:
        pixels = check_card((tmp_path / f"{agent.id}.jpg").read_bytes(), asked_at)
        assert pixels.shape == (240, 320, 3)


def test_snap_all_names_who_does_not_answer(fleet, tmp_path):
    ctl, agents = fleet
    stopped = agents[7]
    stopped.process.send_signal(signal.SIGSTOP)
    try:
        asked_at = time.time()
        done = ctl("snap", "--all", "-o", tmp_path, "--timeout", "8")
    finally:
        stopped.process.send_signal(signal.SIGCONT)
    assert done.status == TEMPORARY
    assert f"{stopped.id}: did not answer in time" in done.err
    assert f"1 of {FLEET} pictures did not come: {stopped.id}\n" in done.err
    others = [agent for agent in agents if agent is not stopped]
    assert sorted(done.lines()) == [f"{tmp_path}/{agent.id}.jpg" for agent in others]
    for agent in others:
        check_card((tmp_path / f"{agent.id}.jpg").read_bytes(), asked_at)
    assert not (tmp_path / f"{stopped.id}.jpg").exists()


def test_list_of_a_fleet(fleet):
    ctl, agents = fleet
    rows = ctl("list", "--json").out
    assert [row["id"] for row in json.loads(rows)] == [agent.id for agent in agents]


def test_several_into_one_file(fleet):
    ctl, _ = fleet
    for output in ("x.jpg", "-"):
        done = ctl("snap", "cam00", "cam01", "-o", output)
        assert done.status == USAGE, done.err
    done = ctl("snap", "cam00", "cam01", "cam00")
    assert sorted(done.lines()) == ["cam00.jpg", "cam01.jpg"]


# cameras made up


def request_id(payload):
    return json.loads(payload)["request_id"]


def test_a_group(made_up, ctl):
    def answer(camera, _suffix, payload):
        camera.send_picture(some_jpeg(1), "x-1", request_id(payload))

    first = made_up("gate", answer, groups=["yard", "north"])
    other = made_up("hall", answer, groups=["house"])
    for group in ("yard", "@yard"):
        assert ctl("snap", "--group", group).lines() == ["gate.jpg"]
    assert len(first.heard) == 2 and not other.heard
    done = ctl("snap", "--group", "attic")
    assert done.status == NO_USER and "device.groups" in done.err


def test_one_picture_for_several_requests(made_up, ctl, tmp_path):
    """The meta of a shared picture has the request id of somebody else."""
    jpeg = some_jpeg(2)

    def answer(camera, _suffix, payload):
        camera.send_picture(jpeg, "x-9", "theirs")
        camera.publish("event", {"event_type": "captured", "id": "x-9",
                                 "request_id": request_id(payload)})

    made_up("gate", answer)
    assert ctl("snap", "gate").status == OK
    assert (tmp_path / "gate.jpg").read_bytes() == jpeg


def test_the_broker_dies_in_between(broker, made_up, ctl):
    """What came is kept, and what did not is named."""
    made_up("gate", lambda camera, _suffix, payload:
            camera.send_picture(some_jpeg(5), "x-1", request_id(payload)))
    made_up("hall", lambda *_: None)
    process = ctl.start("snap", "--all")
    assert process.stdout.readline() == b"gate.jpg\n"
    broker.kill()
    _, err = process.communicate(timeout=2 * PATIENCE)
    assert process.returncode == UNAVAILABLE
    assert re.search(r"hall: .*the connection to the broker broke", err.decode()), err
    assert "1 of 2 pictures did not come: hall" in err.decode()


def test_pictures_that_prove_nothing(made_up, ctl, tmp_path):
    whole = some_jpeg(3)
    bad = {
        "old": (dict(jpeg=whole, fresh=False), DATA, "--allow-old"),
        "half": (dict(jpeg=whole[:len(whole) // 2]), DATA, "damaged"),
        "other": (dict(jpeg=whole, sha256="0" * 64), TEMPORARY, "sha256"),
    }
    for name, (sent, status, word) in bad.items():
        made_up(name, lambda camera, _suffix, payload, sent=sent:
                camera.send_picture(picture_id="x-1", request_id=request_id(payload), **sent))
        done = ctl("snap", name, "--timeout", "3")
        assert done.status == status and word in done.err, done.err
    assert not list(tmp_path.iterdir())
    assert ctl("snap", "old", "--allow-old").status == OK


def test_the_command_is_not_retained_and_names_nobody_else(made_up, ctl, wire):
    made_up("gate", lambda camera, _suffix, payload:
            camera.send_picture(some_jpeg(4), "x-1", request_id(payload)))
    assert ctl("snap", "gate").status == OK
    command = wire.wait("/gate/command/snapshot")
    assert not command.retain and list(command.json()) == ["request_id"]


# the connection


def test_the_settings_of_the_agent_serve_the_tool(tmp_path):
    broker = Broker(users={"porch": "secret"})
    secret = tmp_path / "password"
    secret.write_text("secret\n")
    secret.chmod(0o600)
    agent = Agent(port=broker.port, device={"id": "porch"},
                  mqtt={"username": "porch", "password_file": str(secret)}).start()
    agent.wait_log("connected to")
    agent.wait_log("camera online")
    plain = Ctl(None, tmp_path)
    assert plain("--config", agent.config, "snap", "porch").lines() == ["porch.jpg"]
    url = f"tcp://127.0.0.1:{broker.port}"
    words = ("--username", "porch", "--password-file", secret, "snap", "porch")
    assert plain(*words, STILL2MQTT_MQTT_URL=url).status == OK
    # and what it says where they are missing or wrong
    done = plain("--url", url, "list")
    assert done.status == NO_PERMISSION and "--username" in done.err, done.err
    secret.write_text("wrong\n")
    done = plain("--url", url, *words)
    assert done.status == NO_PERMISSION and "check" in done.err, done.err
    secret.chmod(0o644)
    done = plain("--url", url, *words)
    assert done.status == CONFIG and "chmod 600" in done.err, done.err
    agent.close()
    broker.close()


def test_tls(tmp_path):
    authority = Authority(tmp_path / "ca")
    broker = TlsBroker(authority.issue("good"))
    agent = Agent(port=broker.port).start()
    agent.wait_log("connected to")
    agent.wait_log("camera online")
    ctl = Ctl(f"mqtts://localhost:{broker.tls_port}", tmp_path)
    asked_at = time.time()
    done = ctl("--ca-file", authority.pem, "snap", "cam")
    assert (done.status, done.lines()) == (OK, ["cam.jpg"]), done.err
    check_card((tmp_path / "cam.jpg").read_bytes(), asked_at)
    done = ctl("snap", "cam")
    assert done.status == UNAVAILABLE and "ca_file" in done.err, done.err
    agent.close()
    broker.close()


def test_a_certificate_of_its_own(tmp_path):
    authority = Authority(tmp_path / "ca")
    own = authority.issue("tool")
    broker = TlsBroker(authority.issue("good"),
                       listener=f"require_certificate true\ncafile {authority.pem}")
    ctl = Ctl(f"mqtts://localhost:{broker.tls_port}", tmp_path)
    words = ("--ca-file", authority.pem, "list", "--json")
    assert ctl("--cert-file", own.pem, "--key-file", own.key, *words).out == "[]\n"
    done = ctl(*words)
    assert done.status == UNAVAILABLE and "mqtt.cert_file" in done.err, done.err
    broker.close()


def test_no_broker(tmp_path):
    broker = Broker()
    broker.close()
    for verb in (["list"], ["snap", "porch"], ["watch"], ["state", "porch"]):
        done = Ctl(f"tcp://127.0.0.1:{broker.port}", tmp_path)(*verb)
        assert done.status == UNAVAILABLE and f"{broker.port}" in done.err, done.err
        assert "cannot reach the broker" in done.err


def test_an_access_list_that_says_no(tmp_path):
    """mosquitto takes the subscription of somebody who may read nothing, and refuses to publish."""
    rules = tmp_path / "acl"
    rules.write_text("topic read still2mqtt/#\n")
    broker = Broker(config=f"acl_file {rules}\n")
    done = Ctl(f"tcp://127.0.0.1:{broker.port}", tmp_path)("snap", "porch")
    assert done.status == NO_PERMISSION, done.err
    assert "still2mqtt/porch/command/snapshot" in done.err and "access list" in done.err
    broker.close()


def test_words(ctl):
    assert "Usage: still2mqtt-ctl" in ctl("--help").out
    assert re.match(r"still2mqtt-ctl \d", ctl("--version").out)
    done = ctl("lst")
    assert done.status == USAGE and "--help" in done.err
    done = ctl("--url", "gopher://x", "list")
    assert done.status == USAGE and "--url" in done.err


def test_no_progress_where_nobody_looks(online, ctl):
    online()
    assert ctl("snap", "cam").err == ""


def test_progress_on_a_terminal(online, ctl):
    online()
    done = subprocess.run(["script", "-qec", " ".join(ctl.command("snap", "cam")), "/dev/null"],
                          stdin=subprocess.DEVNULL, capture_output=True, cwd=ctl.folder,
                          timeout=2 * PATIENCE, check=False)
    assert b"0 of 1 pictures" in done.stdout and b"cam.jpg" in done.stdout
