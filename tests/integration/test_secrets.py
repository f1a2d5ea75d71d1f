"""The password is used, and found nowhere."""

import os
import pathlib
import re
import signal
import subprocess

import pytest

from agent import AGENT, Agent
from broker import Broker
from tls import Authority
from wire import Wire, make_client

CANARY = "correct-horse-7f3a"


@pytest.fixture
def password(tmp_path):
    path = tmp_path / "password"
    path.write_text(CANARY + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def locked_broker():
    """Takes the camera with its password, and whoever listens."""
    broker = Broker(users={"cam": CANARY, "ear": "ear"})
    yield broker
    broker.close()


@pytest.fixture
def ear(locked_broker, monkeypatch):
    def with_password(v5, **options):
        client = make_client(v5, **options)
        client.username_pw_set("ear", "ear")
        return client
    monkeypatch.setattr("wire.make_client", with_password)
    wire = Wire(locked_broker.port, topic="#")
    yield wire
    wire.close()


def start(port, password, **options):
    mqtt = {"url": f"mqtt://127.0.0.1:{port}", "username": "cam", "password_file": str(password)}
    return Agent(port=port, mqtt=mqtt, **options).start()


def seen_from_outside(pid):
    folder = pathlib.Path("/proc", str(pid))
    return (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()


def test_the_password_is_found_nowhere(locked_broker, ear, password):
    agent = start(locked_broker.port, password, device={"id": "cam", "health_s": 1.0},
                  environment={"MQTTASYNC_TRACE": ""})
    try:
        ear.wait("/camera", lambda m: m.payload == b"online")
        ear.publish("still2mqtt/cam/command/snapshot", {"request_id": "a"})
        ear.wait("/event", lambda m: m.json()["request_id"] == "a")
        locked_broker.restart()
        agent.wait_log("connected to", count=2)
        places = {"/proc of the agent": seen_from_outside(agent.agent_pid()),
                  "/proc of its driver": seen_from_outside(agent.driver_pid())}
        for action in ("--print-config", "--check"):
            done = subprocess.run([AGENT, "--config", agent.config, action], capture_output=True)
            assert done.returncode == 0
            places[action] = done.stdout + done.stderr
        places["wire"] = b"".join(m.topic.encode() + m.payload + repr(m.user).encode()
                                  for m in ear.since())
        assert agent.stop()[0] == 0
        places["log"] = agent.log().encode()
        found = [place for place, text in places.items() if CANARY.encode() in text]
        assert all(places.values()) and not found
    finally:
        agent.close()


def test_a_wrong_password_is_not_told_either(locked_broker, password):
    password.write_text("wrong-" + CANARY)
    agent = start(locked_broker.port, password)
    said = agent.wait_log(r"no link to \S+: (.*)").group(1)
    agent.close()
    assert "refuses the connection" in said and "uthorized" in said
    assert CANARY not in agent.log()


def end_of(process):
    """How it ended: CLD_DUMPED, CLD_KILLED or CLD_EXITED."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT).si_code


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGQUIT])
def test_no_core_holds_it(broker, wire, password, tmp_path, number):
    wants_core = ["prlimit", "--core=unlimited"]
    control = subprocess.Popen([*wants_core, "cat"], stdin=subprocess.PIPE, cwd=tmp_path)
    until_it_is_cat(control)
    control.send_signal(number)
    if end_of(control) != os.CLD_DUMPED:
        pytest.skip("no process leaves a core here, so that this would prove nothing")
    control.communicate()
    agent = Agent(port=broker.port, mqtt={"username": "cam", "password_file": str(password),
                                          "url": f"mqtt://127.0.0.1:{broker.port}"})
    # a sanitizer would take the signal for itself
    environment = {**os.environ, **{name: os.environ.get(name, "") + ":handle_segv=0"
                                    for name in ("ASAN_OPTIONS", "TSAN_OPTIONS")}}
    process = subprocess.Popen([*wants_core, AGENT, "--config", agent.config], env=environment,
                               cwd=tmp_path, stderr=subprocess.DEVNULL)
    wire.wait("/camera", lambda m: m.payload == b"online")
    limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
    process.send_signal(number)
    end = end_of(process)
    process.wait()
    agent.folder.cleanup()
    assert re.search(r"Max core file size +0 +0 ", limits), limits
    assert end == os.CLD_KILLED


def until_it_is_cat(process):
    process.stdin.write(b"x")
    while pathlib.Path(f"/proc/{process.pid}/comm").read_text().strip() != "cat":
        pass


def test_a_credential_of_systemd(locked_broker, ear, password):
    agent = start(locked_broker.port, "credential:password",
                  environment={"CREDENTIALS_DIRECTORY": str(password.parent)})
    ear.wait("/camera", lambda m: m.payload == b"online")
    agent.close()


def test_a_credential_without_systemd(tmp_path):
    agent = Agent(port=1, mqtt={"username": "u", "password_file": "credential:none"})
    environment = {k: v for k, v in os.environ.items() if k != "CREDENTIALS_DIRECTORY"}
    done = subprocess.run([AGENT, "--config", agent.config], capture_output=True, text=True,
                          env=environment)
    agent.folder.cleanup()
    assert done.returncode == 78
    assert "mqtt.password_file: credential:none is there only where systemd" in done.stderr


def test_a_key_as_a_credential(tmp_path):
    """The key is read from there; that it opens the connection is test_tls's to show."""
    own = Authority(tmp_path / "ca").issue("device")
    agent = Agent(port=1, mqtt={"url": "mqtts://localhost:1", "cert_file": str(own.pem),
                                "key_file": "credential:device.key"})
    environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(own.key.parent)}
    done = subprocess.run([AGENT, "--config", agent.config, "--check"], capture_output=True,
                          text=True, env=environment)
    own.key.chmod(0o604)
    refused = subprocess.run([AGENT, "--config", agent.config, "--check"], capture_output=True,
                             text=True, env=environment)
    agent.folder.cleanup()
    assert done.returncode == 0, done.stderr
    assert refused.returncode == 78 and "chmod 600" in refused.stderr
