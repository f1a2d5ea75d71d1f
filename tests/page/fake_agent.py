"""Speaks an agent's side of the wire by hand, so that the page is tested without one."""

import base64
import datetime
import hashlib
import io
import json
import queue
import secrets

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from PIL import Image

DEADLINE_S = 10


def paint(color, size=(160, 120)):
    """A JPEG of one colour, told again by Page.color()."""
    jpeg = io.BytesIO()
    Image.new("RGB", size, color).save(jpeg, "JPEG", quality=90)
    return jpeg.getvalue()


def rfc3339(ago_s=0.0):
    now = datetime.datetime.now(datetime.timezone.utc)
    at = now - datetime.timedelta(seconds=ago_s)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class FakeAgent:
    """`properties`: says each picture's facts in MQTT 5 user properties too, as the agent does."""

    def __init__(self, broker, id, prefix="still2mqtt", properties=True):
        self.id = id
        self.base = f"{prefix}/{id}"
        self.commands = queue.Queue()  # payloads of command/snapshot, parsed
        self._boot = secrets.token_hex(8)
        self._seq = 0
        self._properties = properties
        self._client = _client()
        self._client.will_set(f"{self.base}/status", "offline", qos=1, retain=True)
        self._client.on_message = lambda _client, _data, message: self.commands.put(message)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        self._client.subscribe(f"{self.base}/command/#", qos=1)

    def say_hello(self, name=None):
        self.say("status", "online")
        self.say("camera", "online")
        self.say("state", {"device": {"id": self.id, "name": name or self.id}})

    def say(self, leaf, payload, retain=True, properties=None):
        """On one of the agent's own topics; returns when the broker has it."""
        self.publish(f"{self.base}/{leaf}", payload, retain, properties)

    def publish(self, topic, payload, retain=False, properties=None):
        if isinstance(payload, (dict, list)):
            payload = json.dumps(payload)
        wire = None
        if properties is not None:
            wire = Properties(PacketTypes.PUBLISH)
            wire.UserProperty = list(properties.items())
        sent = self._client.publish(topic, payload, qos=1, retain=retain, properties=wire)
        sent.wait_for_publish(DEADLINE_S)
        assert sent.is_published(), f"the broker did not take a message on {topic}"

    def facts(self, jpeg, ago_s=0.0, trigger="timer", request_id=None, seq=None):
        self._seq += 1
        number = self._seq if seq is None else seq
        facts = {
            "id": f"{self._boot}-{number}",
            "seq": number,
            "captured_at": rfc3339(ago_s),
            "trigger": trigger,
            "bytes": len(jpeg),
            "sha256": hashlib.sha256(jpeg).hexdigest(),
            "clock_synced": True,
        }
        return facts | ({"request_id": request_id} if request_id else {})

    def show(self, jpeg, form="base64", meta=True, **shot):
        """One shot as the agent publishes it: meta, then the picture."""
        facts = self.facts(jpeg, **shot)
        if meta:
            self.say("meta", facts)
        encoded = base64.b64encode(jpeg).decode()
        payload = {"base64": encoded, "raw": jpeg, "json": facts | {"image": encoded}}[form]
        said = ("id", "seq", "captured_at", "trigger", "request_id", "sha256")
        properties = {key: str(facts[key]) for key in said if key in facts}
        self.say("image", payload, properties=properties if self._properties else None)
        return facts

    def next_request(self):
        message = self.commands.get(timeout=DEADLINE_S)
        assert message.topic == f"{self.base}/command/snapshot"
        assert not message.retain
        assert message.qos == 1
        return json.loads(message.payload)["request_id"]

    def die(self):
        """Like kill -9: the socket closes, the broker sends the will."""
        self._client.loop_stop()
        self._client.socket().close()
        self._client = None

    def close(self):
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()


def _client():
    if hasattr(paho, "CallbackAPIVersion"):  # paho 2, from Debian 13 on
        return paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    return paho.Client(protocol=paho.MQTTv5)
