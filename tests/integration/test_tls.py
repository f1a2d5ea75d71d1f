"""TLS against a real mosquitto: what is refused, and in which words; what is accepted."""

import base64
import os
import shutil
import socket
import subprocess
import threading

import pytest

import picture
from agent import AGENT, PATIENCE, Agent
from broker import Broker, free_port
from tls import Authority, Certificate, TlsBroker, openssl, self_sign
from wire import Wire


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def good(authority):
    return authority.issue("good")


@pytest.fixture
def brokers():
    made = []

    def make(*words, **options):
        made.append(TlsBroker(*words, **options))
        return made[-1]

    yield make
    for broker in made:
        broker.close()


@pytest.fixture
def connect():
    """Makes agents of an URL with the settings of TLS given; each is looked through at the end."""
    made = []

    def make(url, environment=None, schedule=None, **mqtt):
        mqtt = {key: str(value) for key, value in mqtt.items()}
        agent = Agent(port=0, mqtt={"url": url, **mqtt}, environment=environment,
                      schedule=schedule or {"interval_s": 0.0})
        made.append(agent)
        return agent.start()

    yield make
    for agent in made:
        agent.close()


def refusal(agent):
    """The sentence in which the agent says why there is no link."""
    return agent.wait_log(r"no link to \S+: (.*)").group(1)


def see_pictures(broker, agent):
    wire = Wire(broker.port)
    try:
        agent.wait_log("connected to")
        wire.wait("/camera", lambda m: m.payload == b"online")  # and so it is subscribed
        request_id = f"tls-{os.urandom(4).hex()}"  # the same one twice is one picture
        wire.snapshot(request_id)
        meta = wire.wait("/meta", lambda m: m.json()["request_id"] == request_id).json()
        image = base64.b64decode(wire.wait("/image").payload)
        assert picture.decode(image).shape == (meta["height"], meta["width"], 3)
    finally:
        wire.close()


@pytest.mark.parametrize("scheme", ["mqtts", "ssl", "tls"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_good_certificate(brokers, connect, authority, good, scheme, host):
    broker = brokers(good)
    agent = connect(f"{scheme}://{host}:{broker.tls_port}", ca_file=authority.pem)
    see_pictures(broker, agent)


@pytest.fixture
def broker_of_ipv6(authority):
    """Makes a broker whose certificate holds for these hosts, with ports of TLS at ::1."""
    made = []

    def make(hosts):
        certificate = authority.issue("six", hosts=hosts)
        tls = f"certfile {certificate.pem}\nkeyfile {certificate.key}\n"
        ports = free_port(), free_port()
        made.append(Broker(listeners=f"listener {ports[0]} ::1\n{tls}listener {ports[1]} ::1\n"
                                     f"protocol websockets\n{tls}"))
        return made[-1], *ports

    yield make
    for broker in made:
        broker.close()


def test_an_address_of_ipv6(broker_of_ipv6, connect, authority):
    broker, port, _ = broker_of_ipv6("IP:::1")
    see_pictures(broker, connect(f"mqtts://[::1]:{port}", ca_file=authority.pem))


def test_an_address_of_ipv6_through_websockets(broker_of_ipv6, connect, authority):
    broker, _, port = broker_of_ipv6("IP:::1")
    see_pictures(broker, connect(f"wss://[::1]:{port}/mqtt", ca_file=authority.pem))


def test_another_hosts_certificate_at_an_address_of_ipv6(broker_of_ipv6, connect, authority):
    _, port, _ = broker_of_ipv6("IP:::2,IP:127.0.0.1,DNS:localhost")
    said = refusal(connect(f"mqtts://[::1]:{port}", ca_file=authority.pem))
    assert "the broker's certificate is not for ::1" in said


def test_through_websockets(brokers, connect, authority, good):
    broker = brokers(good)
    see_pictures(broker, connect(f"wss://localhost:{broker.wss_port}/mqtt",
                                 ca_file=authority.pem))


def test_the_systems_cas_are_the_default(brokers, connect, authority, good):
    broker = brokers(good)
    # OpenSSL's own way to name another store for a process
    agent = connect(f"mqtts://localhost:{broker.tls_port}",
                    environment={"SSL_CERT_FILE": str(authority.pem)})
    see_pictures(broker, agent)


def test_a_client_certificate(brokers, connect, authority, good):
    broker = brokers(good, f"cafile {authority.pem}\nrequire_certificate true")
    own = authority.issue("device")
    see_pictures(broker, connect(f"mqtts://localhost:{broker.tls_port}", ca_file=authority.pem,
                                 cert_file=own.pem, key_file=own.key))


@pytest.mark.parametrize("version", ["tlsv1.2", "tlsv1.3"])
def test_a_client_certificate_that_is_missing(brokers, connect, authority, good, version):
    broker = brokers(good, f"cafile {authority.pem}\nrequire_certificate true\n"
                           f"tls_version {version}")
    said = refusal(connect(f"mqtts://localhost:{broker.tls_port}", ca_file=authority.pem))
    assert "demands a client certificate" in said
    assert "mqtt.cert_file and mqtt.key_file" in said


def test_a_client_certificate_that_is_revoked(brokers, connect, authority, good):
    own = authority.issue("stolen")
    revoked = authority.revoke(own)
    broker = brokers(good, f"cafile {authority.pem}\nrequire_certificate true\n"
                           f"crlfile {revoked}")
    said = refusal(connect(f"mqtts://localhost:{broker.tls_port}", ca_file=authority.pem,
                           cert_file=own.pem, key_file=own.key))
    assert "certificate is revoked: get a new one for mqtt.cert_file" in said


def test_a_client_certificate_of_a_stranger(brokers, connect, authority, good, tmp_path):
    own = Authority(tmp_path, "stranger").issue("device")
    broker = brokers(good, f"cafile {authority.pem}\nrequire_certificate true")
    said = refusal(connect(f"mqtts://localhost:{broker.tls_port}", ca_file=authority.pem,
                           cert_file=own.pem, key_file=own.key))
    assert "does not take this device's certificate" in said
    assert "signed by a CA that the broker knows" in said


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_another_hosts_certificate(brokers, connect, authority, host):
    broker = brokers(authority.issue("evil", hosts="DNS:evil.example,IP:192.0.2.1"))
    said = refusal(connect(f"mqtts://{host}:{broker.tls_port}", ca_file=authority.pem))
    assert f"the broker's certificate is not for {host}" in said
    assert "mqtt.url" in said


def test_a_certificate_that_has_expired(brokers, connect, authority):
    broker = brokers(authority.issue("old", begin_days=-9, end_days=-2))
    said = refusal(connect(f"mqtts://localhost:{broker.tls_port}", ca_file=authority.pem))
    assert "has expired: renew it at the broker" in said
    assert "clock" in said


def test_a_certificate_that_is_not_valid_yet(brokers, connect, authority):
    broker = brokers(authority.issue("early", begin_days=2, end_days=9))
    said = refusal(connect(f"mqtts://localhost:{broker.tls_port}", ca_file=authority.pem))
    assert "is not valid yet" in said and "clock" in said


@pytest.fixture
def alone(tmp_path):
    return self_sign(Certificate(tmp_path, "alone"), "localhost", "subjectAltName=DNS:localhost")


def test_a_self_signed_certificate(brokers, connect, alone):
    broker = brokers(alone)
    said = refusal(connect(f"mqtts://localhost:{broker.tls_port}"))
    assert "is self-signed" in said and "name it in mqtt.ca_file" in said
    # and that cure works
    agent = connect(f"mqtts://localhost:{broker.tls_port}", ca_file=alone.pem)
    see_pictures(broker, agent)


@pytest.mark.parametrize("known", [True, False])
def test_an_unknown_ca(brokers, connect, good, tmp_path, known):
    broker = brokers(good)
    settings = {"ca_file": Authority(tmp_path, "another").pem} if known else {}
    said = refusal(connect(f"mqtts://localhost:{broker.tls_port}", **settings))
    assert "the CA that signed the broker's certificate is unknown here" in said
    assert f"mqtt.ca_file (now: {settings.get('ca_file', 'the ' + 'system')}" in said


def test_tls_to_a_plain_port(brokers, connect, authority, good):
    broker = brokers(good)
    said = refusal(connect(f"mqtts://localhost:{broker.port}", ca_file=authority.pem))
    assert "does not answer in TLS" in said and "8883" in said


def test_tls_to_something_else(connect):
    """A web server, say: it answers, but not in TLS."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def answer():
            try:
                while True:
                    with server.accept()[0] as peer:
                        peer.recv(4096)
                        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            except OSError:
                pass
        threading.Thread(target=answer, daemon=True).start()
        said = refusal(connect(f"mqtts://localhost:{server.getsockname()[1]}"))
        server.shutdown(socket.SHUT_RDWR)
    assert "does not answer in TLS" in said


def test_plain_to_a_tls_port(brokers, connect, good):
    broker = brokers(good)
    said = refusal(connect(f"mqtt://localhost:{broker.tls_port}"))
    assert "TLS (mqtts://)" in said


@pytest.mark.parametrize("scheme", ["mqtts", "wss"])
def test_a_broker_that_never_answers_in_tls(connect, scheme):
    with socket.create_server(("127.0.0.1", 0)) as captive:
        agent = connect(f"{scheme}://localhost:{captive.getsockname()[1]}")
        said = agent.wait_log(r"no link to \S+: (.*)", deadline_s=10).group(1)
        assert "no answer from the broker within" in said
        assert agent.stop()[1] < 2


def test_old_tls_is_refused(connect, authority, good):
    """Even where the system's own settings would allow it."""
    port = free_port()
    server = subprocess.Popen(["openssl", "s_server", "-accept", str(port), "-cert", good.pem,
                               "-key", good.key, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0",
                               "-quiet"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              env={**os.environ, "OPENSSL_CONF": "/dev/null"})
    try:
        agent = connect(f"mqtts://localhost:{port}", ca_file=authority.pem,
                        environment={"OPENSSL_CONF": "/dev/null"})
        agent.wait_log(r"no TLS 1.2")
    finally:
        server.kill()
        server.wait()


def test_unreadable_files(brokers, connect, authority, good, tmp_path):
    broker = brokers(good)
    url = f"mqtts://localhost:{broker.tls_port}"
    said = refusal(connect(url, ca_file=tmp_path / "none.pem"))
    assert said.startswith("mqtt.ca_file: cannot read") and "No such file" in said
    (tmp_path / "empty.pem").touch()
    said = refusal(connect(url, ca_file=tmp_path / "empty.pem"))
    assert "holds no certificate in PEM form" in said
    own = authority.issue("other")
    said = refusal(connect(url, ca_file=authority.pem, cert_file=own.pem, key_file=good.key))
    assert "mqtt.key_file is not the key of the certificate in mqtt.cert_file" in said
    openssl("pkey", "-in", own.key, "-aes256", "-passout", "pass:x", "-out", tmp_path / "locked.key")
    os.chmod(tmp_path / "locked.key", 0o600)
    said = refusal(connect(url, ca_file=authority.pem, cert_file=own.pem,
                           key_file=tmp_path / "locked.key"))
    assert "passphrase" in said


def run_agent(*arguments, **mqtt):
    """What an agent that ends by itself says, and its status."""
    agent = Agent(port=0, mqtt={key: str(value) for key, value in mqtt.items()})
    done = subprocess.run([AGENT, "--config", agent.config, *arguments], capture_output=True,
                          text=True, timeout=PATIENCE)
    agent.folder.cleanup()
    return done


@pytest.mark.parametrize("arguments", [["--check"], []])
def test_a_key_that_others_can_read(authority, arguments):
    own = authority.issue("open")
    own.key.chmod(0o640)
    done = run_agent(*arguments, url="mqtts://localhost:1", cert_file=own.pem, key_file=own.key)
    assert done.returncode == 78
    assert "mqtt.key_file" in done.stderr and "chmod 600" in done.stderr


def test_changed_files_are_picked_up(brokers, connect, authority, good, tmp_path):
    """The CA is renewed while the agent runs: no restart."""
    file = tmp_path / "ca.pem"
    shutil.copy(Authority(tmp_path / "old", "old").pem, file)
    broker = brokers(good)
    agent = connect(f"mqtts://localhost:{broker.tls_port}", ca_file=file)
    assert "unknown here" in refusal(agent)
    shutil.copy(authority.pem, file)
    see_pictures(broker, agent)


def test_no_way_back_to_plain(brokers, connect, authority, good):
    """Nothing but TLS ever reaches a port that the settings name as encrypted."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        def listen():
            try:
                while True:
                    with server.accept()[0] as peer:
                        heard.append(peer.recv(4096))
            except OSError:
                pass
        threading.Thread(target=listen, daemon=True).start()
        agent = connect(f"mqtts://localhost:{server.getsockname()[1]}", username="canary",
                        ca_file=authority.pem)
        agent.wait_log("no link to")
        agent.stop()
        server.shutdown(socket.SHUT_RDWR)
    assert heard and all(first[:2] == b"\x16\x03" for first in heard), heard
    assert not any(b"canary" in first for first in heard)


def test_alpn(connect, authority, good):
    port = free_port()
    server = subprocess.Popen(["openssl", "s_server", "-accept", str(port), "-cert", good.pem,
                               "-key", good.key, "-alpn", "x-amzn-mqtt-ca"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        connect(f"mqtts://localhost:{port}", ca_file=authority.pem, alpn="x-amzn-mqtt-ca",
                username="canary")
        for line in server.stdout:
            if b"ALPN protocols selected" in line or b"ALPN protocols advertised" in line:
                assert b"x-amzn-mqtt-ca" in line
                break
        else:
            raise AssertionError("s_server told nothing about ALPN")
    finally:
        server.kill()
        server.wait()


def test_a_password_does_not_leave_the_machine_unencrypted(tmp_path):
    secret = tmp_path / "password"
    secret.write_text("canary\n")
    secret.chmod(0o600)

    def check(**mqtt):
        return run_agent("--check", username="u", password_file=secret, **mqtt)

    refused = check(url="mqtts://b.example mqtt://broker.example:1883")
    assert refused.returncode == 78
    assert "mqtts://" in refused.stderr
    assert 'mqtt.allow_plaintext_password = "broker.example"' in refused.stderr
    for fine in ({"url": "mqtts://broker.example"}, {"url": "ws://localhost"},
                 {"url": "mqtt://127.0.0.2"}, {"url": "mqtt://[::1]"},
                 {"url": "mqtt://broker.example",
                  "allow_plaintext_password": "a.example broker.example"}):
        assert check(**fine).returncode == 0, fine


def test_several_brokers_in_order(brokers, connect, authority, good):
    first, second = brokers(good), brokers(good)
    first.kill()
    agent = connect(f"mqtts://localhost:{first.tls_port} mqtts://localhost:{second.tls_port}",
                    ca_file=authority.pem)
    agent.wait_log(f"no link to mqtts://localhost:{first.tls_port}|connected to")
    see_pictures(second, agent)
    first.start()
    second.kill()
    agent.wait_log(f"connected to mqtts://localhost:{first.tls_port}")
    see_pictures(first, agent)
