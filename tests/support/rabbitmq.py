"""A real RabbitMQ of a test's own, unpacked from Debian's packages: nothing is installed and no
service starts."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading

from broker import free_port

START_DEADLINE_S = 90


class Unavailable(Exception):
    pass


def run(*words, cwd=None):
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Unavailable(f"{words[0]}: {done.stderr.strip()[-200:]}")
    return done.stdout


def package_names():
    told = run("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests",
               "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", "rabbitmq-server")
    return sorted(set(re.findall(r"^((?:erlang|rabbitmq)[\w-]*)$", told, re.M)))


def fetch(folder):
    """The root of an unpacked RabbitMQ below `folder`, which keeps it for the next time."""
    root = folder / "root"
    if not (folder / "complete").exists():
        if shutil.which("apt-get") is None:
            raise Unavailable("there is no apt here")
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "debs").mkdir(parents=True)
        run("apt-get", "-q", "download", *package_names(), cwd=folder / "debs")
        for package in (folder / "debs").iterdir():
            run("dpkg-deb", "-x", str(package), str(root))
        move_erlang(root / "usr/lib/erlang")
        shutil.rmtree(folder / "debs")
        (folder / "complete").touch()
    return root


def move_erlang(erlang):
    """Its start script knows where it is installed."""
    script = erlang / "bin/erl"
    text = re.sub(r'ROOTDIR="?/usr/lib/erlang"?', f'ROOTDIR="{erlang}"', script.read_text())
    script.unlink()
    script.write_text(text)
    script.chmod(0o755)


class Node:
    """One of the servers of a RabbitMq, by its number."""

    host = "127.0.0.1"

    def __init__(self, cluster, number):
        self.name = f"{cluster.name}-{number}@localhost"
        self.folder = cluster.folder / str(number)
        self.folder.mkdir()
        self.port, self.ws_port, self._amqp, self._dist = (free_port() for _ in range(4))
        self._cluster = cluster
        self._process = None

    def start(self, names):
        """Waits until it serves, in the cluster of all `names` that are there."""
        members = "".join(f"cluster_formation.classic_config.nodes.{n} = {name}\n"
                          for n, name in enumerate(names, 1))
        (self.folder / "plugins").write_text("[rabbitmq_mqtt,rabbitmq_web_mqtt].\n")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = {self.host}:{self._amqp}\n"
            f"mqtt.listeners.tcp.1 = {self.host}:{self.port}\n"
            f"web_mqtt.tcp.ip = {self.host}\nweb_mqtt.tcp.port = {self.ws_port}\n"
            "cluster_formation.peer_discovery_backend = classic_config\n"
            f"{members}log.console = true\n")
        environment = {
            **self._cluster.environment, "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": str(self._dist),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
        }
        self._process = subprocess.Popen([self._cluster.server], env=environment,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                         start_new_session=True)
        self._wait()
        # nobody else reads what it says, and it must not wait for that
        threading.Thread(target=self._process.stdout.read, daemon=True).start()

    def _wait(self):
        watch = signal.signal(signal.SIGALRM, self._too_slow)
        signal.alarm(START_DEADLINE_S)
        told = b""
        try:
            for line in self._process.stdout:
                told += line
                if b"Server startup complete" in line:
                    return
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, watch)
        raise Unavailable(f"RabbitMQ does not start: {told[-300:].decode(errors='replace')}")

    @staticmethod
    def _too_slow(*_):
        raise Unavailable(f"RabbitMQ did not start within {START_DEADLINE_S} s")

    def kill(self):
        """As a power cut would: nothing is said to anybody."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._process.wait()
            self._process = None


class RabbitMq:
    """A cluster of so many nodes, each with MQTT 3.1.1 on its `port`, and with the same over
    WebSocket, at the path /ws, on its `ws_port`; those of the first are the cluster's own."""

    host = "127.0.0.1"

    def __init__(self, root, nodes=1):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="still2mqtt-rabbitmq-"))
        self.name = f"s2m{os.getpid()}"
        erlang = root / "usr/lib/erlang"
        names = str(free_port())
        self.environment = {
            **os.environ, "HOME": str(self.folder), "ERL_ROOTDIR": str(erlang),
            "PATH": f"{erlang}/bin:{os.environ['PATH']}", "ERL_EPMD_ADDRESS": self.host,
            "ERL_EPMD_PORT": names, "ERL_CRASH_DUMP": "/dev/null",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        self.server = next((root / "usr/lib/rabbitmq/lib").glob("*/sbin/rabbitmq-server"))
        self.nodes = [Node(self, number) for number in range(1, nodes + 1)]
        epmd = next(erlang.glob("erts-*/bin/epmd"))
        self._names = subprocess.Popen([epmd, "-address", self.host, "-port", names],
                                       env=self.environment)
        try:
            for node in self.nodes:  # one after the other: each joins those that are there
                node.start([other.name for other in self.nodes])
        except BaseException:
            self.close()
            raise

    @property
    def port(self):
        return self.nodes[0].port

    @property
    def ws_port(self):
        return self.nodes[0].ws_port

    def close(self):
        for node in self.nodes:
            node.kill()
        self._names.kill()
        self._names.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
