"""A subscriber that misses nothing that its broker has sent, even when that is killed.

It takes QoS 0 and says nothing on its connection: a killed process's unread input would make the
kernel throw away what was still to be sent. For the same reason it has room for all that a busy
machine keeps it from reading. What a broker has acknowledged it has written to such a subscriber
first, so what is not heard was lost by the agent.
"""

import base64
import collections
import hashlib
import json
import socket
import threading
import time

from agent import PATIENCE
from wire import make_client

TOPICS = [("still2mqtt/cam/image", 0), ("still2mqtt/cam/late", 0)]
ROOM = 8 << 20


class Listener:
    """Counts pictures by id and keeps none. Their form is "json" on both topics."""

    def __init__(self, port):
        self.heard = collections.Counter()
        self.corrupt = []
        self.changed = threading.Condition()
        self.connected = threading.Event()
        self.client = self._make()
        self.client.on_connect = lambda client, *_: client.subscribe(TOPICS)
        self.client.on_subscribe = lambda *_: self.connected.set()
        self.client.on_message = self._on_message
        self.commander = self._make()
        for client in (self.client, self.commander):
            client.connect("127.0.0.1", port, keepalive=600)
            client.loop_start()
        self.wait_connected()

    def _make(self):
        client = make_client(v5=False)
        client.reconnect_delay_set(1, 1)
        client.on_socket_open = lambda _client, _userdata, opened: opened.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        return client

    def _on_message(self, _client, _userdata, raw):
        picture = json.loads(raw.payload)
        jpeg = base64.b64decode(picture["image"], validate=True)
        with self.changed:
            if hashlib.sha256(jpeg).hexdigest() != picture["sha256"]:
                self.corrupt.append(picture["id"])
            self.heard[picture["id"]] += 1
            self.changed.notify_all()

    def expect_new_connection(self):
        self.connected.clear()

    def wait_connected(self):
        assert self.connected.wait(PATIENCE), "the listener is not connected"

    def wait_heard(self, ids):
        """Waits until all are heard; the ids of those that were not."""
        until = time.monotonic() + PATIENCE
        with self.changed:
            while not ids <= self.heard.keys() and time.monotonic() < until:
                self.changed.wait(until - time.monotonic())
            return ids - self.heard.keys()

    def ask_for_pictures(self, count):
        for number in range(count):  # no two with the same wishes, which would be one picture
            self.commander.publish("still2mqtt/cam/command/snapshot",
                                   b'{"quality": %d}' % (75 + number % 20))

    def close(self):
        for client in (self.client, self.commander):
            client.disconnect()
            client.loop_stop()
