"""Many cards from one image: the folder beside the settings, the environment, the boot partition,
and a broker that holds each device to its own topics."""

import collections
import os
import re
import shutil
import subprocess

import pytest

from agent import AGENT, BUILD, DRIVERS, PATIENCE, SOURCE
from broker import Broker
from systemd_machine import CannotBoot, Machine
from wire import Wire, make_client

UNITS = SOURCE / "packaging" / "systemd"
FLEET = SOURCE / "conf" / "fleet"


def run(*words, **environment):
    return subprocess.run([AGENT, *map(str, words)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment})


class Card:
    """The two partitions of a card, as folders: etc with the image's settings, and boot."""

    def __init__(self, folder):
        self.etc = folder / "etc"
        self.boot = folder / "boot"
        self.etc.mkdir()
        self.boot.mkdir()
        self.main = self.etc / "still2mqtt.conf"
        self.main.write_text('device: { id = "image"; };\n'
                             'camera: { driver = "pattern"; width = 160; height = 120; };\n')
        self.dropped = self.boot / "still2mqtt.conf"
        self.password = self.boot / "still2mqtt-password.txt"
        self.rejected = self.boot / "still2mqtt.conf.rejected.txt"
        self.taken = self.etc / "conf.d" / "50-boot.conf"

    def adopt(self, **environment):
        return run("--config", self.main, "--adopt", self.dropped, **environment)

    def printed(self, **environment):
        done = run("--config", self.main, "--print-config", **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def files(self):
        """What is on the boot partition."""
        return sorted(path.name for path in self.boot.iterdir())


@pytest.fixture
def card(tmp_path):
    return Card(tmp_path)


def test_print_config_says_where_each_value_is_from(card):
    (card.etc / "conf.d").mkdir()
    (card.etc / "conf.d" / "20-site.conf").write_text("\npicture: { quality = 71; };\n")
    text = card.printed(STILL2MQTT_DEVICE_NAME="Front porch")
    assert f"    # {card.main}:2\n    width = 160;\n" in text
    assert f"    # {card.etc}/conf.d/20-site.conf:2\n    quality = 71;\n" in text
    assert '    # STILL2MQTT_DEVICE_NAME\n    name = "Front porch";\n' in text
    assert "    interval_s = 10.0;\n" in text and "#\n" not in text


def test_a_wrong_variable_is_an_error_with_its_cure(card):
    done = run("--config", card.main, "--check", STILL2MQTT_CAMERA_HEIGTH="480")
    assert done.returncode == 78
    assert done.stderr.splitlines()[0] == (
        "environment: STILL2MQTT_CAMERA_HEIGTH: no setting has this name (did you mean "
        "STILL2MQTT_CAMERA_HEIGHT?)")


def test_the_environment_reaches_the_running_agent(agents, wire):
    agents(environment={"STILL2MQTT_DEVICE_NAME": "Front porch", "STILL2MQTT_PICTURE_QUALITY": "71"})
    state = wire.wait("/cam/state", lambda m: m.json()["camera"]["status"] == "online").json()
    assert state["device"]["name"] == "Front porch"
    assert state["picture"]["quality"] == 71


def test_nothing_to_adopt_is_no_error(card):
    done = card.adopt()
    assert (done.returncode, done.stderr) == (0, "")
    assert card.files() == [] and not card.taken.exists()


def test_settings_from_the_boot_partition(card):
    card.dropped.write_bytes(b'\xef\xbb\xbfdevice: { id = "porch"; };\r\n'
                             b'@include "extra.conf"\r\n')
    (card.boot / "extra.conf").write_text("picture: { quality = 71; };\n")
    done = card.adopt()
    assert done.returncode == 0, done.stderr
    assert "taken over" in done.stderr
    assert card.files() == ["extra.conf", "still2mqtt.conf.adopted"]
    assert card.taken.stat().st_mode & 0o777 == 0o644  # the agent is not root
    (card.boot / "extra.conf").unlink()  # the boot partition is not needed any more
    text = card.printed()
    assert f'    # {card.taken}:1\n    id = "porch";\n' in text and "quality = 71;" in text
    # the next card in the same board, or the same one with other settings
    card.dropped.write_text('device: { id = "yard"; };\n')
    assert card.adopt().returncode == 0
    text = card.printed()
    assert 'id = "yard";' in text and "quality = 90;" in text
    assert card.files() == ["still2mqtt.conf.adopted"]


def test_bad_settings_stay_where_they_are(card):
    card.dropped.write_text('device: { id = "porch"; };\n')
    assert card.adopt().returncode == 0
    before = card.printed()
    card.dropped.write_text('device: { id = "yard"; };\ncamera: { heigth = 480; };\n')
    card.password.write_text("secret\n")
    done = card.adopt()
    assert done.returncode == 78
    finding = f"{card.dropped}:2: camera.heigth: unknown key (did you mean camera.height?)\n"
    assert done.stderr.startswith(finding) and "secret" not in done.stderr
    assert card.rejected.read_text() == finding
    assert card.dropped.exists() and card.password.read_text() == "secret\n"
    assert card.printed() == before
    assert not (card.etc / "password").exists()
    # mended: taken over, and the findings are gone
    card.dropped.write_text('device: { id = "yard"; };\nmqtt: { username = "yard"; '
                            'password_file = "credential:password"; };\n')
    done = card.adopt()
    assert done.returncode == 0, done.stderr
    assert card.files() == ["still2mqtt.conf.adopted"]
    assert 'id = "yard";' in card.printed()


def test_settings_that_fail_only_together_with_the_others_are_rejected(card):
    (card.etc / "conf.d").mkdir()
    card.taken.write_text('camera: { path = "/srv/pictures"; };\n')
    card.dropped.write_text('camera: { driver = "files"; };\n')
    assert card.adopt().returncode == 78
    assert card.rejected.read_text() == (
        f"{card.dropped}:1: camera.path: the driver files needs the folder with the pictures\n")


@pytest.mark.parametrize("written", [b"pa ss:w\xc3\xb6rd\n", b"pa ss:w\xc3\xb6rd",
                                     b"\xef\xbb\xbfpa ss:w\xc3\xb6rd\r\nthe rest\r\n"])
def test_a_password_moves_to_where_only_root_reads_it(card, written):
    card.main.write_text(card.main.read_text() +
                         'mqtt: { username = "cam"; password_file = "credential:password"; };\n')
    card.password.write_bytes(written)
    inode = os.open(card.password, os.O_RDONLY)
    done = card.adopt()
    assert done.returncode == 0, done.stderr
    password = card.etc / "password"
    assert password.read_bytes() == "pa ss:wörd".encode()
    assert password.stat().st_mode & 0o777 == 0o600
    assert card.files() == []
    assert os.pread(inode, 100, 0) == bytes(len(written)), "the password was left on the card"
    os.close(inode)
    # it is what systemd would hand to the agent
    done = run("--config", card.main, "--check", CREDENTIALS_DIRECTORY=str(card.etc))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("password, mqtt, finding", [
    (b"", 'password_file = "credential:password"; username = "a";', "its first line must be a"),
    (b"\nsecond\n", 'password_file = "credential:password"; username = "a";', "its first line"),
    (b"a\0b\n", 'password_file = "credential:password"; username = "a";', "its first line"),
    (b"secret\n", "", 'no setting reads it: set mqtt.password_file = "credential:password"'),
])
def test_a_password_that_would_not_work_is_rejected(card, password, mqtt, finding):
    card.dropped.write_text(f"mqtt: {{ {mqtt} }};\n")
    card.password.write_bytes(password)
    assert card.adopt().returncode == 78
    assert card.rejected.read_text().startswith(f"{card.password}: {finding}")
    assert card.password.read_bytes() == password
    assert not card.taken.exists() and not (card.etc / "password").exists()


def test_adoption_goes_on_wherever_the_power_failed(card, tmp_path):
    """Killed at every change it makes to a disk, and started again: the old settings or the new."""
    if not shutil.which("strace"):
        pytest.skip("there is no strace")
    calls = "openat,write,fsync,rename,renameat,unlink,unlinkat,mkdir"
    leaks = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}

    def dropped():
        shutil.rmtree(card.etc / "conf.d", ignore_errors=True)
        (card.etc / "password").unlink(missing_ok=True)
        for path in card.boot.iterdir():
            path.unlink()
        card.dropped.write_text('device: { id = "porch"; };\nmqtt: { username = "porch"; '
                                'password_file = "credential:password"; };\n')
        card.password.write_text("secret\n")

    def traced(*options):
        return subprocess.run(["strace", "-f", "-qq", "-o", tmp_path / "trace", *options, AGENT,
                               "--config", card.main, "--adopt", card.dropped],
                              capture_output=True, text=True, env={**os.environ, **leaks})

    dropped()
    done = traced("-e", "trace=" + calls)
    if "ptrace" in done.stderr:
        pytest.skip("this machine does not let a process be traced")
    assert done.returncode == 0, done.stderr
    counts = collections.Counter()
    moments = []  # (system call, its how-manieth): those that have to do with the card
    for line in (tmp_path / "trace").read_text().splitlines():
        call = re.search(r"\b(\w+)\(", line).group(1)
        counts[call] += 1
        if str(tmp_path) in line or call in ("write", "fsync", "renameat", "unlinkat"):
            moments.append((call, counts[call]))
    assert len(moments) > 20
    seen = set()
    for call, number in moments:
        dropped()
        traced("-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}")
        text = card.printed()
        is_new = 'id = "porch";' in text
        seen.add(is_new)
        assert is_new or 'id = "image";' in text
        if is_new:
            assert (card.etc / "password").read_text() == "secret"
        else:
            assert card.dropped.exists()
        done = card.adopt()
        assert done.returncode == 0, f"after {call} {number}: {done.stderr}"
        assert 'id = "porch";' in card.printed()
        assert (card.etc / "password").read_text() == "secret"
        assert card.files() == ["still2mqtt.conf.adopted"]
    assert seen == {True, False}


def test_adopt_wants_to_know_the_settings():
    done = run("--adopt", "/boot/still2mqtt.conf")
    assert done.returncode == 64 and "--adopt wants --config" in done.stderr


# ---- the examples

def test_the_examples_are_valid_together(tmp_path):
    etc = tmp_path / "etc"
    shutil.copytree(FLEET, etc)
    boot = etc / "boot"
    (boot / "still2mqtt-password.txt").write_text("secret\n")
    main = etc / "still2mqtt.conf"
    done = run("--config", main, "--adopt", boot / "still2mqtt.conf")
    assert done.returncode == 0, done.stderr
    text = run("--config", main, "--print-config").stdout
    assert 'id = "porch";' in text and "broker.north.example.lan" in text
    done = run("--config", main, "--check", CREDENTIALS_DIRECTORY=str(etc))
    assert done.returncode == 0, done.stderr


class Guest:
    """Somebody with a device's user name and password, who does as they please."""

    def __init__(self, broker, name, password):
        self.client = make_client(v5=True)
        self.client.username_pw_set(name, password)
        self.reasons = {}
        self.client.on_connect = self._on_connect
        self.connected = None
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()

    def _on_connect(self, _client, _userdata, _flags, reason, *_):
        self.connected = reason

    def publish(self, topic, payload):
        self.client.publish(topic, payload, qos=1).wait_for_publish(PATIENCE)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def test_the_broker_holds_each_device_to_its_own_topics(agents, tmp_path):
    acl = tmp_path / "fleet.acl"
    shutil.copy(SOURCE / "conf" / "mosquitto-fleet.acl", acl)
    acl.chmod(0o700)
    users = {"porch": "p1", "yard": "p2", "operator": "p3"}
    with Broker(config=f"acl_file {acl}", users=users) as broker:
        wire = Wire(broker.port, user=("operator", "p3"))
        for name in ("porch", "yard"):
            password = tmp_path / f"password-{name}"
            password.write_text(users[name] + "\n")
            password.chmod(0o600)
            agents(port=broker.port, device={"id": name},
                   mqtt={"username": name, "password_file": str(password)})
        for name in ("porch", "yard"):
            wire.wait(f"/{name}/camera", lambda m: m.payload == b"online")
            mark = wire.mark()
            wire.publish(f"still2mqtt/{name}/command/snapshot", {"request_id": "r-" + name})
            wire.wait(f"/{name}/image", mark=mark)  # commands come in, pictures go out
            wire.wait(f"/{name}/event", lambda m, id=f"r-{name}": m.json()["request_id"] == id, mark)
        thief = Guest(broker, "yard", "p2")
        mark = wire.mark()
        thief.publish("still2mqtt/porch/image", "not the porch")
        thief.publish("still2mqtt/porch/command/snapshot", "{}")
        thief.publish("still2mqtt/@all/command/snapshot", "{}")
        thief.publish("still2mqtt/yard/command/snapshot", "{}")  # not even to itself
        thief.publish("still2mqtt/yard/event", "the last word")
        wire.wait("/yard/event", lambda m: m.payload == b"the last word", mark)
        forged = [m.topic for m in wire.since(mark) if m.payload in (b"not the porch", b"{}")]
        assert forged == []
        assert wire.since(mark, "/command/snapshot") == []
        thief.close()
        wire.close()


# ---- the units

FIRST_BOOT = """
value() { systemctl show --value --property "$2" "$1.service"; }
systemctl start still2mqtt.service
for i in $(seq 100); do [[ $(value still2mqtt StatusText) == *connected* ]] && break; read -rt 0.1 <> <(:); done
pid=$(value still2mqtt MainPID)
value still2mqtt StatusText
grep -E '^(CapEff|NoNewPrivs|Seccomp|Uid):' "/proc/$pid/status"
ls -l /boot/firmware /etc/still2mqtt/password /etc/still2mqtt/conf.d
kill -STOP "$pid"  # stuck: the watchdog's turn
for i in $(seq 200); do (($(value still2mqtt NRestarts) > 0)) && break; read -rt 0.1 <> <(:); done
echo "restarts: $(value still2mqtt NRestarts)"
for i in $(seq 100); do [[ $(value still2mqtt StatusText) == *connected* ]] && break; read -rt 0.1 <> <(:); done
value still2mqtt StatusText
echo "camera: { heigth = 1; };" >/etc/still2mqtt/conf.d/60-wrong.conf
systemctl restart still2mqtt.service
echo "wrong settings: $(value still2mqtt ExecMainStatus) $(value still2mqtt ActiveState)"
"""


def unit(name):
    text = (UNITS / f"{name}.in").read_text()
    return text.replace("@CMAKE_INSTALL_FULL_BINDIR@", "/usr/local/bin").replace(
        "@CMAKE_INSTALL_FULL_DOCDIR@", "/usr/local/share/doc/still2mqtt")


def test_first_boot_under_a_real_systemd(tmp_path):
    """The units, the sandbox, the credential, the watchdog: an agent with the fleet's settings, its
    own from the boot partition, at a broker that wants its password."""
    if "TSAN_OPTIONS" in os.environ and "tsan" in str(BUILD):
        pytest.skip("ThreadSanitizer wants an address space that the sandbox does not give")
    acl = tmp_path / "fleet.acl"
    shutil.copy(SOURCE / "conf" / "mosquitto-fleet.acl", acl)
    acl.chmod(0o700)
    with Broker(config=f"acl_file {acl}", users={"porch": "secret"}) as broker:
        units = {f"/etc/systemd/system/{name}": unit(name)
                 for name in ("still2mqtt.service", "still2mqtt-adopt.service")}
        machine = Machine(tmp_path / "machine", {
            **units,
            "/etc/systemd/system/still2mqtt.service.d/test.conf":
                "[Service]\nWatchdogSec=3\nRestartSec=1\n"
                "Environment=ASAN_OPTIONS=detect_leaks=0 STILL2MQTT_DEVICE_HEALTH_S=5\n",
            "/usr/local/bin/still2mqtt": AGENT,
            "/usr/local/libexec/still2mqtt/still2mqtt-camera-pattern":
                DRIVERS / "still2mqtt-camera-pattern",
            "/etc/still2mqtt/still2mqtt.conf":
                'camera: { driver = "pattern"; width = 160; height = 120; };\n'
                f'mqtt: {{ url = "mqtt://127.0.0.1:{broker.port}"; '
                'password_file = "credential:password"; };\nspool: { mode = "disk"; };\n',
            "/boot/firmware/still2mqtt.conf":
                'device: { id = "porch"; };\nmqtt: { username = "porch"; };\n',
            "/boot/firmware/still2mqtt-password.txt": "secret\r\n",
        }, FIRST_BOOT)
        try:
            said = machine.run(deadline_s=90)
        except CannotBoot as why:
            pytest.skip(f"no systemd of our own here: {why}")
    status = f"camera online, connected to mqtt://127.0.0.1:{broker.port}"
    assert said.count(status) == 2, said
    for line in (r"CapEff:\s+0{16}", r"NoNewPrivs:\s+1", r"Seccomp:\s+2",
                 r"-rw-------.* root root .*/etc/still2mqtt/password", "50-boot.conf",
                 "still2mqtt.conf.adopted", "restarts: 1", "wrong settings: 78 failed"):
        assert re.search(line, said), f"{line} is not in:\n{said}"
    assert "password.txt" not in said
    uid = int(re.search(r"Uid:\s+(\d+)", said).group(1))
    assert 61184 <= uid <= 65519, f"user {uid} is not one of systemd's dynamic ones"


@pytest.fixture
def units(tmp_path):
    folder = tmp_path / "units"
    folder.mkdir()
    for name in ("still2mqtt.service", "still2mqtt-adopt.service"):
        text = (UNITS / f"{name}.in").read_text()
        text = text.replace("@CMAKE_INSTALL_FULL_BINDIR@", str(BUILD / "bin"))
        assert (folder / name).write_text(
            text.replace("@CMAKE_INSTALL_FULL_DOCDIR@", str(SOURCE / "conf")))
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze here")
    return [folder / "still2mqtt.service", folder / "still2mqtt-adopt.service"]


def test_systemd_finds_nothing_wrong_with_the_units(units):
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("index", [0, 1])
def test_the_units_are_sandboxed(units, index):
    """2.0 of 10 at most, as systemd counts exposure; nginx's own unit has 9.6."""
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20",
                           "--no-pager", units[index]], capture_output=True, text=True)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze looks at running units only")
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_the_units_name_options_and_paths_that_there_are(units):
    service, adopt = (path.read_text() for path in units)
    assert "WatchdogSec=" in service and "Type=notify" in service
    helped = run("--help").stdout
    for option in re.findall(r"--[a-z-]+", "".join(re.findall(r"ExecStart=.*", service + adopt))):
        assert option in helped
    for folder in ("/boot/firmware", "/boot"):
        for name in ("still2mqtt.conf", "still2mqtt-password.txt"):
            assert f"ConditionPathExists=|{folder}/{name}\n" in adopt
