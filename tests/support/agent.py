"""The agent under test as a process: its settings, its log, its end."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]

# What steers the tests is no setting: an agent that they start must not find it in its environment,
# but the processes among which pytest may share the tests do.
for name in [name for name in os.environ if name.startswith("STILL2MQTT_")]:
    os.environ["TESTS_" + name] = os.environ.pop(name)


def steering(name, default=None):
    """What STILL2MQTT_<name> was when the tests were started."""
    return os.environ.get("TESTS_STILL2MQTT_" + name, default)


BUILD = pathlib.Path(steering("BUILD", SOURCE / "build" / "dev")).resolve()
AGENT = BUILD / "bin" / "still2mqtt"
DRIVERS = BUILD / "libexec" / "still2mqtt"

# Sanitized builds are several times slower; deadlines are for hangs, not for speed.
PATIENCE = float(steering("TEST_PATIENCE", "30"))

SANITIZER = re.compile(r"(AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:)")


def setting(value):
    """A Python value as libconfig writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        groups = [" ".join(f"{key} = {setting(v)};" for key, v in group.items()) for group in value]
        return "(" + ", ".join(f"{{ {group} }}" for group in groups) + ")"
    return repr(value)


def config_text(groups):
    lines = []
    for group, keys in groups.items():
        lines.append(f"{group}: {{")
        lines += [f"    {key} = {setting(value)};" for key, value in keys.items()]
        lines.append("};")
    return "\n".join(lines) + "\n"


class Agent:
    """Starts with the pattern camera at 160x120; every group of keys can be overridden."""

    def __init__(self, port, drivers=None, prefix=None, environment=None, arguments=(), **groups):
        settings = {
            "device": {"id": "cam"},
            "camera": {"driver": "pattern", "width": 160, "height": 120, "fps": 30.0},
            "schedule": {"interval_s": 0.0, "on_start": False},
            # a test's one agent need not wait for a fleet's sake
            "mqtt": {"url": f"tcp://127.0.0.1:{port}", "reconnect_spread_s": 0.0},
        }
        for group, keys in groups.items():
            settings.setdefault(group, {}).update(keys)
        self.id = settings["device"]["id"]
        self.folder = tempfile.TemporaryDirectory(prefix="still2mqtt-test-")
        self.state = pathlib.Path(self.folder.name) / "state"
        settings["device"].setdefault("state_path", str(self.state))
        self.config = pathlib.Path(self.folder.name) / "still2mqtt.conf"
        self.config.write_text(config_text(settings))
        self.lines = []
        self.changed = threading.Condition()
        self.command = [*(prefix or []), str(AGENT), "--config", str(self.config), "--verbose"]
        if drivers:
            self.command += ["--drivers", str(drivers)]
        self.command += list(arguments)
        # ThreadSanitizer rests for a second at every exit, which is not the agent's doing
        options = os.environ.get("TSAN_OPTIONS", "") + ":atexit_sleep_ms=0"
        self.environment = {**os.environ, "TSAN_OPTIONS": options, **(environment or {})}
        self.process = None
        self.ends_with = 0

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, env=self.environment)
        threading.Thread(target=self._read_log, args=[self.process], daemon=True).start()
        return self

    def _read_log(self, process):
        for line in process.stderr:
            with self.changed:
                self.lines.append(line.decode(errors="replace"))
                self.changed.notify_all()
        process.wait()
        with self.changed:
            self.changed.notify_all()

    def log(self):
        with self.changed:
            return "".join(self.lines)

    def wait_log(self, pattern, deadline_s=None, count=1):
        """Waits until `pattern` stands in the log `count` times; returns the last match."""
        until = time.monotonic() + (deadline_s or PATIENCE)
        with self.changed:
            while True:
                found = list(re.finditer(pattern, "".join(self.lines)))
                if len(found) >= count:
                    return found[count - 1]
                left = until - time.monotonic()
                if left <= 0 or self.process.returncode is not None:
                    raise AssertionError(f"/{pattern}/ was not logged:\n{''.join(self.lines)}")
                self.changed.wait(left)

    def driver_pid(self):
        """The driver is the agent's only child."""
        children = pathlib.Path(f"/proc/{self.agent_pid()}/task/{self.agent_pid()}/children")
        pids = children.read_text().split()
        assert len(pids) == 1, f"children of the agent: {pids}"
        return int(pids[0])

    def agent_pid(self):
        return self.process.pid

    def stop(self, number=signal.SIGTERM, deadline_s=10):
        """Ends the agent; returns its exit status and the seconds that it took."""
        begin = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the agent did not end in {deadline_s} s:\n{self.log()}")
        return status, time.monotonic() - begin

    def close(self):
        """For fixtures: no test passes with a sanitizer's report or a crash in the log."""
        if self.process is not None:
            if self.process.poll() is None:
                self.stop()
            log = self.log()
            assert not SANITIZER.search(log), log
            assert self.process.returncode in (self.ends_with, -signal.SIGKILL), \
                f"the agent ended with {self.process.returncode}:\n{log}"
        self.folder.cleanup()
