"""A real RabbitMQ of a test's own, unpacked from Debian's packages: nothing is installed and no
service starts."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

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


class RabbitMq:
    """Listens for MQTT 3.1.1 on `port` and for it over WebSocket, at the path /ws, on `ws_port`."""

    host = "127.0.0.1"

    def __init__(self, root):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="still2mqtt-rabbitmq-"))
        self.port, self.ws_port, amqp, dist, names = (free_port() for _ in range(5))
        erlang = root / "usr/lib/erlang"
        (self.folder / "plugins").write_text("[rabbitmq_mqtt,rabbitmq_web_mqtt].\n")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = {self.host}:{amqp}\n"
            f"mqtt.listeners.tcp.1 = {self.host}:{self.port}\n"
            f"web_mqtt.tcp.ip = {self.host}\nweb_mqtt.tcp.port = {self.ws_port}\n"
            "log.console = true\n")
        environment = {
            **os.environ, "HOME": str(self.folder), "ERL_ROOTDIR": str(erlang),
            "PATH": f"{erlang}/bin:{os.environ['PATH']}", "ERL_EPMD_ADDRESS": self.host,
            "ERL_EPMD_PORT": str(names), "ERL_CRASH_DUMP": "/dev/null",
            "RABBITMQ_NODENAME": f"s2m{os.getpid()}@localhost", "RABBITMQ_DIST_PORT": str(dist),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        epmd = next(erlang.glob("erts-*/bin/epmd"))
        self.processes = [subprocess.Popen([epmd, "-address", self.host, "-port", str(names)],
                                           env=environment)]
        server = next((root / "usr/lib/rabbitmq/lib").glob("*/sbin/rabbitmq-server"))
        self.processes.append(subprocess.Popen([server], env=environment, stdout=subprocess.PIPE,
                                               stderr=subprocess.STDOUT, start_new_session=True))
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def _wait(self):
        server = self.processes[-1]
        watch = signal.signal(signal.SIGALRM, self._too_slow)
        signal.alarm(START_DEADLINE_S)
        told = b""
        try:
            for line in server.stdout:
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

    def close(self):
        server = self.processes[-1]
        if len(self.processes) > 1:
            try:
                os.killpg(server.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            server.stdout.close()
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
