"""Command one of the README, as a person runs it: at a terminal, in another folder, with Ctrl-C."""

import datetime
import json
import os
import pathlib
import pty
import queue
import re
import select
import signal
import subprocess
import time
import urllib.request

import paho.mqtt.client as mqtt
import pytest

QUICKSTART = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "quickstart"
START_DEADLINE_S = 600  # packages and the build included
STOP_DEADLINE_S = 20
FRESH_S = 0.5  # from the exposure to the page


def a_persons_environment():
    """Without what steers the tests, which the agent would take for settings."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith("STILL2MQTT_")}


class Terminal:
    """quickstart in a terminal of its own, and all that it said."""

    def __init__(self, *arguments):
        self.said = ""
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            try:
                os.chdir("/")
                os.execve(QUICKSTART, [str(QUICKSTART), *arguments], a_persons_environment())
            finally:
                os._exit(127)

    def read_until(self, word, deadline_s):
        """Reads until `word` was said, or to the end where it is None."""
        deadline = time.monotonic() + deadline_s
        while word is None or word not in self.said:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.screen], [], [], left)[0], self.said
            try:
                data = os.read(self.screen, 4096)
            except OSError:  # how a terminal says that nobody is there any more
                data = b""
            if not data:
                assert word is None, self.said
                return
            self.said += data.decode(errors="replace")

    def find(self, pattern):
        return re.search(pattern, self.said).group(1)

    def press_ctrl_c(self):
        os.write(self.screen, b"\x03")

    def end(self):
        self.read_until(None, STOP_DEADLINE_S)
        _, status = os.waitpid(self.pid, 0)
        self.pid = None
        return os.waitstatus_to_exitcode(status)

    def close(self):
        if self.pid is not None:
            os.kill(self.pid, signal.SIGTERM)
            os.waitpid(self.pid, 0)
        os.close(self.screen)


def left_behind():
    folder = str(QUICKSTART.parents[1] / "build" / "quickstart")
    found = subprocess.run(["pgrep", "-fa", folder], capture_output=True, text=True, check=False)
    return found.stdout


@pytest.fixture
def running():
    terminal = Terminal("--pattern")
    try:
        terminal.read_until("Ctrl-C stops", START_DEADLINE_S)
        yield terminal
    finally:
        terminal.close()


def test_once_shows_one_picture_and_leaves_nothing():
    done = subprocess.run([QUICKSTART, "--once"], cwd="/", stdin=subprocess.DEVNULL, text=True,
                          env=a_persons_environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=START_DEADLINE_S)
    assert done.returncode == 0, done.stdout
    assert "picture" in done.stdout
    assert left_behind() == ""


def test_what_it_prints_works_and_ctrl_c_ends_it(running):
    with urllib.request.urlopen(running.find(r"(http://127\.0\.0\.1:\d+/)"), timeout=5) as page:
        assert b"<script" in page.read()
    command = running.find(r"(mosquitto_sub .* base64 -d) > test\.jpg")
    picture = subprocess.run(command, shell=True, capture_output=True, check=True, timeout=20)
    pixels = subprocess.run(["djpeg", "-pnm"], input=picture.stdout, capture_output=True,
                            check=True)
    assert pixels.stdout.startswith(b"P6\n1920 1080\n")
    running.press_ctrl_c()
    assert running.end() == 0
    assert left_behind() == ""


def test_a_picture_is_fresh_over_websocket(running):
    """What the page sees, by the page's way: config.json, WebSocket, meta and then the image."""
    with urllib.request.urlopen(running.find(r"(http://127\.0\.0\.1:\d+/)") + "config.json",
                                timeout=5) as file:
        port = int(re.search(r":(\d+)/", json.load(file)["broker"]).group(1))
    heard = queue.Queue()
    client = mqtt.Client(transport="websockets")
    client.on_connect = lambda *_: client.subscribe([("still2mqtt/+/meta", 0),
                                                     ("still2mqtt/+/image", 0)])
    client.on_message = lambda _client, _data, message: heard.put((time.time(), message))
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        ages = []
        while len(ages) < 3:
            _, meta = heard.get(timeout=20)
            at, image = heard.get(timeout=20)
            assert meta.topic.endswith("/meta") and image.topic.endswith("/image")
            if not image.retain:
                captured = json.loads(meta.payload)["captured_at"].replace("Z", "+00:00")
                ages.append(at - datetime.datetime.fromisoformat(captured).timestamp())
    finally:
        client.loop_stop()
        client.disconnect()
    assert 0 < min(ages) and sorted(ages)[1] < FRESH_S, ages


def test_the_end_of_a_part_is_told(running):
    agent = subprocess.run(["pgrep", "-f", "release/bin/still2mqtt --config .*build/quickstart"],
                           capture_output=True, text=True, check=True)
    os.kill(int(agent.stdout.split()[0]), signal.SIGKILL)
    assert running.end() == 1
    assert "the agent has ended by itself" in running.said
    assert left_behind() == ""


def test_a_second_one_is_refused(running):
    second = subprocess.run([QUICKSTART, "--once"], capture_output=True, text=True, check=False,
                            timeout=20)
    assert second.returncode == 1
    assert "another quickstart is running" in second.stderr
