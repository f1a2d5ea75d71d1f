"""A network namespace for the agent, one cable away from the broker, and what can go wrong with it.

The broker stays where the test runs and listens on `host` besides; only packets of the agent meet
the faults. Root only: `available()` says what is missing.
"""

import os
import shutil
import subprocess


def available():
    """Why there can be no namespace here; nothing where there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [tool for tool in ("ip", "nft", "tc") if shutil.which(tool) is None]
    return f"not installed: {', '.join(missing)}" if missing else ""


def run(*words, check=True):
    done = subprocess.run(words, capture_output=True, text=True)
    assert not check or done.returncode == 0, f"{' '.join(words)}: {done.stderr}"


class Cable:
    def __init__(self):
        number = os.getpid() % 16000
        self.name = f"s2m-cam-{number}"
        self.near = self.rules = f"s2m{number}"
        subnet = f"198.18.{number // 64}.{number % 64 * 4 + 1}"
        self.host = subnet
        first, last = subnet.rsplit(".", 1)
        self.agent_host = f"{first}.{int(last) + 1}"
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", self.near, "type", "veth", "peer", "name", "wire", "netns",
            self.name)
        run("ip", "addr", "add", f"{self.host}/30", "dev", self.near)
        run("ip", "link", "set", self.near, "up")
        self._ip("addr", "add", f"{self.agent_host}/30", "dev", "wire")
        self._ip("link", "set", "lo", "up")
        self._ip("link", "set", "wire", "up")

    @property
    def prefix(self):
        """What a command begins with to run on the agent's end."""
        return ["ip", "netns", "exec", self.name]

    def close(self):
        run("nft", "delete", "table", "inet", self.rules, check=False)
        run("ip", "netns", "del", self.name, check=False)
        run("ip", "link", "del", self.near, check=False)

    def _ip(self, *words):
        run("ip", "-n", self.name, *words)

    def _load(self, prefix, chain):
        table = f"table inet {self.rules} {{\n chain faults {{\n type filter {chain}\n }}\n}}"
        done = subprocess.run([*prefix, "nft", "-f", "-"], input=table, text=True,
                              capture_output=True)
        assert done.returncode == 0, done.stderr

    def _lose(self, there="", back=""):
        """Rules for what the agent sends and what it gets, on the way: each end believes that it
        has sent it. What its own end drops, a kernel does not count as lost, but as unsent."""
        self.heal()
        self._load([], f'hook prerouting priority -300; iifname "{self.near}" {there}')
        if back:
            self._load(self.prefix, f"hook prerouting priority -300; {back}")

    def heal(self):
        for prefix in ([], self.prefix):
            run(*prefix, "nft", "delete", "table", "inet", self.rules, check=False)
        run(*self.prefix, "tc", "qdisc", "del", "dev", "wire", "root", check=False)
        self._ip("link", "set", "wire", "mtu", "1500")

    def swallow(self):
        """Half-open: nothing comes through any more, and nobody is told."""
        self._lose("drop;", "drop;")

    def swallow_after(self, size):
        """The same, within the packet that passes so many bytes."""
        self._lose(f"meta l4proto tcp quota over {size} bytes drop;")

    def reset_after(self, size):
        """The connection is reset within the packet that passes so many bytes."""
        self.heal()
        self._load(self.prefix, "hook output priority 0; "
                   f"tcp flags & rst == 0 quota over {size} bytes reject with tcp reset;")

    def lose(self, percent):
        rule = f"meta l4proto tcp numgen random mod 100 < {percent} drop;"
        self._lose(rule, rule)

    def throttle(self, rate):
        self.heal()
        run(*self.prefix, "tc", "qdisc", "add", "dev", "wire", "root", "tbf", "rate", rate,
            "burst", "4kb", "latency", "2s")

    def swallow_large(self, size):
        """An MTU hole: large packets vanish on the way, and no ICMP says so."""
        self._lose(f"meta l4proto tcp ip length > {size} drop;")

    def unplug(self):
        self._ip("link", "set", "wire", "down")

    def plug(self):
        self._ip("link", "set", "wire", "up")
