"""The agent in the guest, its webcam, and its broker on this machine: one scene of a test."""

import base64
import hashlib
import re
import time

import picture
from agent import SANITIZER, config_text
from broker import Broker
from guest import HOST, Webcam
from wire import Wire

PSNR_MIN_DB = 33.0  # of YUYV against what was photographed: half of the chroma is lost on the way


class GuestAgent:
    """The agent as a user of the group video, or as another one."""

    def __init__(self, guest, port, user="camera", **groups):
        settings = {
            "device": {"id": groups.pop("id", "cam")},
            "camera": {"driver": "libcamera", "width": 640, "height": 480},
            "schedule": {"interval_s": 0.0, "on_start": False},
            "mqtt": {"url": f"tcp://{HOST}:{port}"},
        }
        for group, keys in groups.items():
            settings.setdefault(group, {}).update(keys)
        self.guest = guest
        self.id = settings["device"]["id"]
        text = config_text(settings).encode()
        config = f"/tmp/{self.id}.conf"
        guest.run(f"head -c {len(text)} >{config}", text)
        self.log = guest.start(f"/agent/setpriv --reuid={user} --regid={user} --init-groups "
                               f"/agent/still2mqtt --config {config} --drivers /camera --verbose & "
                               "echo \"[pid $!]\"; wait $!")
        self.pid = self.log.wait(r"^\[pid (\d+)\]$")[1][1]

    def close(self):
        """Ends it; no test passes with a sanitizer's report or a crash in the log."""
        if not self.log.has_ended:
            self.guest.run(f"kill -TERM {self.pid}")
        status = self.log.wait_end()
        log = self.log.text()
        self.log.close()
        print(f"---- the agent {self.id}\n{log}")
        assert status == 0, f"the agent ended with {status}:\n{log}"
        assert not SANITIZER.search(log), log


class Scene:
    """Everything that a test starts in a guest is ended by close(), which also looks at each
    picture that was published: it must be one that the webcam has shown, and shown whole."""

    def __init__(self, guest, frames):
        self.guest = guest
        self.frames = frames
        self.by_digest = {hashlib.sha256(data).hexdigest(): name
                          for name, (data, _) in frames.items() if name.startswith("mjpeg")}
        self.broker = Broker()
        self.wire = Wire(self.broker.port)
        self.agents = []
        self.webcams = []

    def plug(self, **options):
        self.webcams.append(Webcam(self.guest, self.frames, **options))
        return self.webcams[-1]

    def agent(self, **options):
        self.agents.append(GuestAgent(self.guest, self.broker.port, **options))
        return self.agents[-1]

    def online(self, mark=0, device="cam"):
        return self.wire.wait(f"/{device}/camera", lambda m: m.payload == b"online", mark)

    def offline(self, pattern, mark=0):
        """When the camera was said to be offline, for a reason of this pattern; the reason."""
        health = self.wire.wait("/cam/health", lambda m: re.search(pattern, self.fault(m)), mark)
        at = self.wire.wait("/cam/camera", lambda m: m.payload == b"offline", mark).at
        return max(at, health.at), self.fault(health)

    @staticmethod
    def fault(health):
        return health.json()["camera"].get("fault", "")

    def snapshot(self, request_id):
        """The picture of a command: (image message, meta), and when it was commanded."""
        mark = self.wire.mark()
        at = time.monotonic()
        self.wire.snapshot(request_id)
        return self.picture(request_id, mark), at

    def event(self, request_id, mark=0):
        """What became of a command."""
        return self.wire.wait("/cam/event", lambda m: m.json().get("request_id") == request_id,
                              mark).json()

    def picture(self, request_id, mark=0):
        meta = self.wire.wait("/cam/meta", lambda m: m.json().get("request_id") == request_id, mark)
        return self.wire.wait("/cam/image", mark=self.wire.messages.index(meta)), meta.json()

    def name(self, image):
        """Which of the frames a published picture shows."""
        jpeg = base64.b64decode(image.payload, validate=True)
        pixels = picture.decode(jpeg)
        name = self.by_digest.get(hashlib.sha256(jpeg).hexdigest())
        if name is not None:
            return name
        scores = {name: picture.psnr(pixels, want) for name, (_, want) in self.frames.items()
                  if name.startswith("yuyv") and want.shape == pixels.shape}
        assert scores, f"{pixels.shape[1]}x{pixels.shape[0]} that was never shown"
        best = max(scores, key=scores.get)
        assert scores[best] >= PSNR_MIN_DB, f"shows no frame: at best {best}, {scores[best]:.1f} dB"
        return best

    def check_pictures(self):
        for image in self.wire.since(topic="/image"):
            name = self.name(image)
            shown = [webcam.last_shown(name, image.at) for webcam in self.webcams]
            assert "" in shown, f"{name} was published, and shown as {shown}"

    def close(self):
        try:
            for agent in self.agents:
                agent.close()
            self.check_pictures()
        finally:
            for webcam in self.webcams:
                webcam.close()
                print(f"---- a webcam\n{webcam.process.text()}")
            self.wire.close()
            self.broker.close()
