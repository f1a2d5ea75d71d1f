"""A virtual PC with a simulated webcam, and the processes in it as a test sees them.

Its clocks run with this machine's, so durations may be measured on either side.
"""

import math
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time

from agent import steering
from broker import free_port

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BASE = pathlib.Path(steering("GUEST_CACHE", ROOT / "build" / "guest"))

HOST = "10.0.2.2"  # this machine's loopback, as seen from the guest
BOOT_DEADLINE_S = 120
ANSWER_DEADLINE_S = 20


class Unavailable(Exception):
    """Why there can be no guest here."""


def fetch():
    """The folder of the kernel and of the guest's own programs."""
    if not shutil.which("qemu-system-x86_64"):
        raise Unavailable("qemu-system-x86_64 is not installed")
    result = subprocess.run([HERE / "fetch-guest", BASE], text=True, check=False,
                            stdout=subprocess.PIPE, timeout=600)
    if result.returncode == 77:
        raise Unavailable(result.stdout.strip())
    result.check_returncode()
    return BASE / "root"


class Lines:
    """Lines of text as they come, each with its time."""

    def __init__(self, stream):
        self.lines = []
        self.has_ended = False
        self.changed = threading.Condition()
        threading.Thread(target=self._read, args=[stream], daemon=True).start()

    def _read(self, stream):
        try:
            for line in stream:
                with self.changed:
                    self.lines.append((time.monotonic(), line.decode(errors="replace").rstrip()))
                    self.changed.notify_all()
        except OSError:
            pass
        with self.changed:
            self.has_ended = True
            self.changed.notify_all()

    def text(self):
        with self.changed:
            return "\n".join(line for _, line in self.lines)

    def mark(self, before=math.inf):
        """How many lines had come by then."""
        with self.changed:
            return sum(at < before for at, _ in self.lines)

    def matches(self, pattern, mark=0):
        """(time, match) of each line since the mark that holds the pattern."""
        with self.changed:
            found = [(at, re.search(pattern, line)) for at, line in self.lines[mark:]]
        return [(at, match) for at, match in found if match]

    def wait(self, pattern, mark=0, count=1, deadline_s=ANSWER_DEADLINE_S):
        """The time and the match of the line that is the count-th since the mark to hold it."""
        until = time.monotonic() + deadline_s
        with self.changed:
            while True:
                found = self.matches(pattern, mark)
                if len(found) >= count:
                    return found[count - 1]
                left = until - time.monotonic()
                if left <= 0 or self.has_ended:
                    raise AssertionError(f"no /{pattern}/ ({len(found)} of {count}) in:\n"
                                         f"{self.text()}")
                self.changed.wait(left)


class Process(Lines):
    """A shell line that runs in the guest; ends with the line "[ended with STATUS]"."""

    def __init__(self, port, line, data=b""):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(line.encode() + b"\n" + data)
        super().__init__(self.socket.makefile("rb"))

    def write(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def wait_end(self, deadline_s=ANSWER_DEADLINE_S):
        """Its exit status."""
        return int(self.wait(r"^\[ended with (\d+)\]$", deadline_s=deadline_s)[1][1])

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other end was first
        self.socket.close()


class Guest:
    """Boots, and is up when the constructor returns."""

    def __init__(self, base, initramfs):
        self.port = free_port()
        kernel = next((base / "boot").glob("vmlinuz-*"))
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
             "-m", "1G", "-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio",
             "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:1",
             "-device", "virtio-net-pci,netdev=net,romfile=",
             "-kernel", kernel, "-initrd", initramfs,
             "-append", "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off tsc=reliable "
                        "net.ifnames=0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.console = Lines(self.process.stdout)
        try:
            self.console.wait("guest: ready", deadline_s=BOOT_DEADLINE_S)
        except BaseException:
            self.close()
            raise

    def start(self, line, data=b""):
        return Process(self.port, line, data)

    def run(self, line, data=b"", deadline_s=ANSWER_DEADLINE_S):
        """Runs it to its end, which must be a good one; what it printed."""
        process = self.start(line, data)
        status = process.wait_end(deadline_s)
        process.close()
        assert status == 0, f"{line}:\n{process.text()}"
        return process.text().rpartition("[ended with")[0]

    def close(self):
        self.process.kill()
        self.process.wait()


class Webcam:
    """The simulated webcam, plugged in once the constructor returns (webcam.c has its commands)."""

    def __init__(self, guest, frames, port=0, fps=10):
        paths = " ".join(f"/frames/{name}" for name in sorted(frames))
        self.process = guest.start(f"webcam {port} {fps} {paths}")
        self.plugged_at, _ = self.process.wait(r"\d+ plugged$")

    def tell(self, command, answer):
        """When it answered."""
        mark = self.process.mark()
        self.process.write(command)
        return self.process.wait(rf"\d+ {answer}$", mark)[0]

    def fault(self, name):
        return self.tell(f"fault {name}", f"fault {name}")

    def unplug(self, command="unplug"):
        return self.tell(command, "unplugged")

    def wait_frames(self, count, pattern=""):
        mark = self.process.mark()
        return self.process.wait(rf"frame \d+ \S+{pattern}$", mark, count)[0]

    def last_shown(self, name, before):
        """How the frame of this name looked when it was last shown: "" for whole, or the fault."""
        shown = [match[1] for at, match in
                 self.process.matches(rf"frame \d+ {re.escape(name)} ?(\w*)$") if at <= before]
        return shown[-1] if shown else None

    def close(self):
        self.process.close()
