"""What is on the wire: a subscriber that keeps all it hears, and a publisher of commands."""

import json
import queue
import threading
import time

import paho.mqtt.client as mqtt

from agent import PATIENCE


class Message:
    def __init__(self, raw):
        self.topic = raw.topic
        self.payload = raw.payload
        self.retain = raw.retain
        self.qos = raw.qos
        self.at = time.monotonic()
        properties = getattr(raw, "properties", None)
        self.user = dict(getattr(properties, "UserProperty", []) or [])
        self.content_type = getattr(properties, "ContentType", None)
        self.correlation = getattr(properties, "CorrelationData", None)

    def json(self):
        return json.loads(self.payload)

    def __repr__(self):
        return f"<{self.topic}{' retained' if self.retain else ''} {self.payload[:120]!r}>"


def make_client(v5, **options):
    """A client of either major version of paho-mqtt, which differ in how one is made."""
    protocol = mqtt.MQTTv5 if v5 else mqtt.MQTTv311
    if hasattr(mqtt, "CallbackAPIVersion"):
        return mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, protocol=protocol, **options)
    return mqtt.Client(protocol=protocol, **options)


class Wire:
    """Connected and subscribed once the constructor returns. `path` is that of a WebSocket."""

    def __init__(self, port, topic="still2mqtt/#", v5=True, host="127.0.0.1", path=None, user=None):
        self.messages = []
        self.changed = threading.Condition()
        ready = queue.Queue()
        self.client = make_client(v5, **({"transport": "websockets"} if path else {}))
        if path:
            self.client.ws_set_options(path=path)
        if user:  # (name, password)
            self.client.username_pw_set(*user)
        self.client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self.client.on_subscribe = lambda *_: ready.put(True)
        self.client.on_message = self._on_message
        self.client.connect(host, port, keepalive=30)
        self.client.loop_start()
        ready.get(timeout=PATIENCE)

    def _on_message(self, _client, _userdata, raw):
        with self.changed:
            self.messages.append(Message(raw))
            self.changed.notify_all()

    def mark(self):
        """A place in the stream from which to wait."""
        with self.changed:
            return len(self.messages)

    def since(self, mark=0, topic=None):
        with self.changed:
            return [m for m in self.messages[mark:] if topic is None or m.topic.endswith(topic)]

    def wait(self, topic, where=lambda message: True, mark=0, deadline_s=None):
        """The first message since `mark` whose topic ends so and for which `where` holds."""
        until = time.monotonic() + (deadline_s or PATIENCE)
        with self.changed:
            while True:
                for message in self.messages[mark:]:
                    if message.topic.endswith(topic) and where(message):
                        return message
                left = until - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    raise AssertionError(f"no such message on …{topic}; heard since the mark: "
                                         f"{self.messages[mark:]}")

    def wait_count(self, topic, count, mark=0, deadline_s=None):
        until = time.monotonic() + (deadline_s or PATIENCE)
        with self.changed:
            while True:
                found = [m for m in self.messages[mark:] if m.topic.endswith(topic)]
                if len(found) >= count:
                    return found
                left = until - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    raise AssertionError(f"{len(found)} of {count} messages on …{topic}")

    def publish(self, topic, payload=b"", retain=False, qos=1):
        if isinstance(payload, (dict, list)):
            payload = json.dumps(payload)
        info = self.client.publish(topic, payload, qos=qos, retain=retain)
        info.wait_for_publish(PATIENCE)

    def snapshot(self, request_id, device="cam", prefix="still2mqtt"):
        self.publish(f"{prefix}/{device}/command/snapshot", {"request_id": request_id})

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

