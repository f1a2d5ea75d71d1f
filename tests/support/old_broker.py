"""A broker that speaks MQTT 3.1.1 only, made of a newer one: whoever says 5 is told to say less."""

import socket
import threading


class OldBroker:
    """In front of `broker`; its WebSocket listener is the broker's own."""

    host = "127.0.0.1"
    REFUSAL = b"\x20\x02\x00\x01"  # CONNACK: unacceptable protocol version

    def __init__(self, broker):
        self._broker = broker
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        self.ws_port = broker.ws_port
        self.refused = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._broker.close()

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client):
        first = client.recv(65536)
        if b"\x00\x04MQTT\x05" in first:
            self.refused += 1
            client.sendall(self.REFUSAL)
            client.close()
            return
        broker = socket.create_connection((self._broker.host, self._broker.port))
        broker.sendall(first)
        threading.Thread(target=pump, args=[broker, client], daemon=True).start()
        pump(client, broker)


def pump(source, sink):
    try:
        while data := source.recv(262144):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
