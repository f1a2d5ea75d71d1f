"""A real mosquitto of a test's own, on free loopback ports."""

import fcntl
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
KEPT = SOURCE / "build" / "brokers"  # what was unpacked once

START_DEADLINE_S = 10
PORT_ATTEMPTS = 5
STOP_DEADLINE_S = 5


def free_port():
    """Below those that the kernel gives to clients, of which one could take it at any moment."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def fetched(suite):
    """The mosquitto of one of Debian's suites, unpacked."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with open(KEPT / f"mosquitto-{suite}.lock", "w") as lock:  # two tests may want it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run([SOURCE / "packaging/fetch-broker", KEPT / f"mosquitto-{suite}",
                               suite], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(done.stderr.strip())
    return done.stdout.strip()


class PortTaken(RuntimeError):
    """Somebody else listens on a port that was free a moment ago."""


class Broker:
    """Listens for MQTT on `port` and for MQTT over WebSocket on `ws_port` until it is closed.

    `config` is added to mosquitto's configuration as it is. With `users` (name -> password) only
    they may connect. `listeners` is added at the end: listeners of one's own. The program is
    `program`, else $MOSQUITTO, or Debian's. The ports and the directory (with the
    log, and the database where `config` asks for persistence) stay the same over kill and restart.
    """

    host = "127.0.0.1"

    def __init__(self, config="", users=None, listeners="", program=None):
        self.program = program or os.environ.get("MOSQUITTO", "/usr/sbin/mosquitto")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="still2mqtt-broker-"))
        self._process = None
        for attempt in range(PORT_ATTEMPTS):
            self.port = free_port()
            self.ws_port = free_port()
            self._write_config(config, users, listeners)
            try:
                self.start()
                break
            except PortTaken:  # by another run of these tests, since we looked
                if attempt == PORT_ATTEMPTS - 1:
                    self.close()
                    raise

    @property
    def url(self):
        return f"tcp://{self.host}:{self.port}"

    @property
    def ws_url(self):
        return f"ws://{self.host}:{self.ws_port}"

    @property
    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    @property
    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self._process = subprocess.Popen(
                [self.program, "-c", self.directory / "mosquitto.conf"], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_DEADLINE_S
        for port in (self.port, self.ws_port):
            while not self._answers(port):
                if not self.is_running or time.monotonic() > deadline:
                    log = self.log
                    if "Address already in use" in log.rpartition(" starting\n")[2]:
                        raise PortTaken(log)
                    self.close()
                    raise RuntimeError(f"mosquitto does not listen on port {port}:\n{log}")

    def kill(self):
        """As a power cut would: no DISCONNECT to anybody, nothing saved."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        """As its service manager would: saves what it is told to save."""
        self._process.terminate()
        try:
            self._process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def reload(self):
        """Reads its lists of users and rights anew."""
        self._process.send_signal(signal.SIGHUP)

    def restart(self):
        self.kill()
        self.start()

    def close(self):
        if self.is_running:
            self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _write_config(self, config, users, listeners):
        lines = [
            "user root",  # stays who it is: the directory is ours alone
            "log_dest stderr",
            "log_type all",
            f"persistence_location {self.directory}/",
            f"allow_anonymous {'false' if users else 'true'}",
            config,  # before the listeners, so that it holds for both
            f"listener {self.port} {self.host}",
            f"listener {self.ws_port} {self.host}",
            "protocol websockets",
            listeners,
        ]
        if users:
            passwords = self.directory / "passwords"
            passwords.touch(mode=0o600)
            for name, password in users.items():
                subprocess.run(["mosquitto_passwd", "-b", passwords, name, password], check=True)
            lines.insert(0, f"password_file {passwords}")
        (self.directory / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def _answers(self, port):
        try:
            with socket.create_connection((self.host, port), timeout=0.2):
                return True
        except OSError:
            # a refusal comes at once; the poll is on the process, which may have ended
            try:
                self._process.wait(0.02)
            except subprocess.TimeoutExpired:
                pass
            return False
