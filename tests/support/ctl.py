"""still2mqtt-ctl as a process, and cameras made up for it."""

import base64
import hashlib
import io
import json
import os
import queue
import subprocess

import numpy
from PIL import Image

from agent import BUILD, PATIENCE, SANITIZER
from wire import make_client

CTL = BUILD / "bin" / "still2mqtt-ctl"


def environment(**more):
    options = os.environ.get("TSAN_OPTIONS", "") + ":atexit_sleep_ms=0"
    return {**os.environ, "TSAN_OPTIONS": options, **more}


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.raw = done.stdout
        self.out = done.stdout.decode(errors="replace")
        self.err = done.stderr.decode(errors="replace")
        assert not SANITIZER.search(self.err), self.err

    def lines(self):
        return self.out.splitlines()

    def objects(self):
        return [json.loads(line) for line in self.lines()]


class Ctl:
    """Runs the tool in a folder against a broker's `url` (None: it finds that by itself)."""

    def __init__(self, url, folder):
        self.url = url
        self.folder = folder

    def command(self, *words):
        return [str(CTL), *(["--url", self.url] if self.url else []), *map(str, words)]

    def __call__(self, *words, **variables):
        return Result(subprocess.run(self.command(*words), stdin=subprocess.DEVNULL,
                                     capture_output=True, cwd=self.folder, timeout=4 * PATIENCE,
                                     env=environment(**variables), check=False))

    def start(self, *words):
        return subprocess.Popen(self.command(*words), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder,
                                env=environment())


def some_jpeg(seed):
    pixels = numpy.random.default_rng(seed).integers(0, 255, (48, 64, 3), numpy.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


class MadeUpCamera:
    """Answers commands as `answer(camera, topic below P/ID, payload)` says; groups as given."""

    def __init__(self, port, name, answer, groups=()):
        self.name = name
        self.answer = answer
        self.heard = []
        ready = queue.Queue()
        self.client = make_client(True)
        self.client.on_connect = lambda client, *_: client.subscribe(self.topic("#"), 1)
        self.client.on_subscribe = lambda *_: ready.put(True)
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        ready.get(timeout=PATIENCE)
        state = {"device": {"id": name, "name": name, "groups": list(groups)}}
        self.publish("state", state, retain=True)
        self.publish("status", b"online", retain=True)

    def topic(self, suffix):
        return f"still2mqtt/{self.name}/{suffix}"

    def _on_message(self, _client, _userdata, raw):
        suffix = raw.topic.split("/", 2)[2]
        if suffix.split("/")[0] in ("command", "set", "unset"):
            self.heard.append((suffix, raw.payload))
            self.answer(self, suffix, raw.payload)

    def publish(self, suffix, payload, retain=False):
        if isinstance(payload, dict):
            payload = json.dumps(payload)
        info = self.client.publish(self.topic(suffix), payload, qos=1, retain=retain)
        return info

    def send_picture(self, jpeg, picture_id, request_id=None, sha256=None, fresh=True):
        meta = {"id": picture_id, "captured_at": "2026-03-01T06:30:00.125Z",
                "sha256": sha256 or hashlib.sha256(jpeg).hexdigest(),
                "exposed_after_trigger": fresh}
        if request_id:
            meta["request_id"] = request_id
        self.publish("meta", meta, retain=True)
        self.publish("image", base64.b64encode(jpeg), retain=True)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
