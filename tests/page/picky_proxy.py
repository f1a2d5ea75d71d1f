"""In front of a broker's WebSocket listener: hangs up on whoever says MQTT 5, as old brokers do."""

import socket
import threading


class PickyProxy:
    def __init__(self, broker):
        self._broker = (broker.host, broker.ws_port)
        self._listener = socket.create_server((broker.host, 0))
        self.url = f"ws://{broker.host}:{self._listener.getsockname()[1]}"
        self.refused = 0

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        broker = socket.create_connection(self._broker)
        try:
            broker.sendall(client.recv(65536))
            client.sendall(broker.recv(65536))
            first = client.recv(65536)
            if b"\x00\x04MQTT\x05" not in unmask(first):
                broker.sendall(first)
                threading.Thread(target=pump, args=(broker, client), daemon=True).start()
                pump(client, broker)
                return
            self.refused += 1
        except OSError:
            pass
        client.close()
        broker.close()


def unmask(frame):
    """The payload of a short WebSocket frame from a browser."""
    if len(frame) < 6:
        return b""
    start = 2 if frame[1] & 0x7F < 126 else 4
    key, body = frame[start : start + 4], frame[start + 4 :]
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(body))


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
