"""The agent's end of agent/camera/driver_protocol.h, for tests: starts one driver and talks to it.

Nothing here waits without a deadline, and nothing sleeps.
"""

import array
import math
import mmap
import os
import select
import signal
import socket
import struct
import time

DRIVER_FD = 3

(HELLO, CAMERA, LIST_END, CONFIGURED, BUFFER, STARTED, FRAME, FAILED, LOST, PONG, STOPPED, LOG,
 WAITING, APPEARED) = range(1, 15)
LIST, CONFIGURE, START, SHOOT, GIVE_BACK, PING, STOP = range(101, 108)

FORMATS = ("NONE", "YUV420", "NV12", "YUYV", "RGB888", "BGR888", "XRGB8888", "XBGR8888", "MJPEG")
ENCODINGS = ("REC601", "REC709", "REC2020")
RANGES = ("FULL", "LIMITED")
SETTLINGS = ("NOT_REPORTED", "CONVERGED", "TIMED_OUT")
CONTROLS = ("exposure_us gain ev awb awb_red awb_blue metering flicker_period_us brightness contrast "
            "saturation sharpness af_mode lens_position roi_x roi_y roi_width roi_height hdr").split()
CONVERGENCES = ("UNKNOWN", "SEARCHING", "SETTLED", "LOCKED", "FAILED")

# type: its layout and the names of its fields
LAYOUTS = {
    HELLO: ("=I16s112s", "protocol driver library"),
    CAMERA: ("=I256s64s32s2048s", "index id model location details"),
    CONFIGURED: ("=8Id256s64s256s", "width height format encoding range plane_count buffer_count "
                                    "orientation frame_interval_ms id model unsupported"),
    BUFFER: ("=15I", None),
    FRAME: ("=Qq8I7d4I", "shot captured_ns captured_is_estimate buffer sequence settling "
                         "used0 used1 used2 settle_ms exposure_us analogue_gain digital_gain "
                         "color_temperature_k lux sensor_temperature_c lens_position "
                         "ae awb af facts_reserved"),
    FAILED: ("=QiI320s", "shot code reserved text"),
    LOST: ("=320s", "text"),
    LOG: ("=II512s", "level reserved text"),
    WAITING: ("=iI320s", "code reserved text"),
    PONG: ("=Qq", "frames waiting_ns"),
    LIST_END: ("=", ""), STARTED: ("=", ""), STOPPED: ("=", ""), APPEARED: ("=", ""),
}


class Refused(Exception):
    """The driver answered "failed" or "lost"."""


class Ended(Exception):
    """The driver closed the socket."""


def monotonic_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Message:
    """One message of the driver, its fields as attributes."""

    def __init__(self, data, fds):
        self.type, self.size = struct.unpack_from("=II", data)
        layout, names = LAYOUTS[self.type]
        assert self.size == len(data) == 8 + struct.calcsize(layout), (self.type, len(data))
        values = [v.split(b"\0", 1)[0].decode() if isinstance(v, bytes) else v
                  for v in struct.unpack_from(layout, data, 8)]
        if self.type == BUFFER:
            self.index, self.plane_count = values[:2]
            self.planes = [dict(zip(("offset", "length", "stride", "fd"), values[2 + i * 4:]))
                           for i in range(self.plane_count)]
            self.fd_count = values[14]
        else:
            self.__dict__.update(zip(names.split(), values))
        self.fds = fds

    def __repr__(self):
        return repr(self.__dict__)


class DriverClient:
    """Starts `command` as a driver; `with` ends it."""

    def __init__(self, command, environment=None, timeout_s=10):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [str(word) for word in command]
        self.pid = os.posix_spawn(command[0], command, environment or os.environ,
                                  file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), DRIVER_FD)])
        self.pidfd = os.pidfd_open(self.pid)
        theirs.close()
        self.socket = ours
        self.timeout_s = timeout_s
        self.logs = []
        self.maps = []
        self.shots = 0
        self.status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hang_up()
        if self.wait_end(2) is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait_end(5)
        os.close(self.pidfd)

    def hang_up(self):
        self.socket.close()

    def wait_end(self, timeout_s):
        """The wait status once the driver has ended, else None."""
        if self.status is None:
            poll = select.poll()
            poll.register(self.pidfd, select.POLLIN)
            if poll.poll(timeout_s * 1000):
                self.status = os.waitpid(self.pid, 0)[1]
        return self.status

    def send(self, kind, layout="=", *values):
        body = struct.pack(layout, *values)
        self.socket.send(struct.pack("=II", kind, 8 + len(body)) + body)

    def receive(self, timeout_s=None):
        """The next message but log lines, which are kept; None when none comes in time."""
        deadline = time.monotonic() + (self.timeout_s if timeout_s is None else timeout_s)
        while True:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data, ancillary, _, _ = self.socket.recvmsg(4097, socket.CMSG_SPACE(12))
            except TimeoutError:
                return None
            except ConnectionResetError:
                data = b""
            if not data:
                raise Ended()
            fds = array.array("i")
            for _, _, item in ancillary:
                fds.frombytes(item[:len(item) - len(item) % fds.itemsize])
            message = Message(data, list(fds))
            if message.type != LOG:
                return message
            self.logs.append(message)

    def expect(self, kind, timeout_s=None):
        message = self.receive(timeout_s)
        assert message is not None, f"no message {kind} came in time"
        if message.type in (FAILED, LOST, WAITING) and message.type != kind:
            raise Refused(message.text)
        assert message.type == kind, message
        return message

    def list(self):
        self.expect(HELLO)
        self.send(LIST)
        cameras = []
        while (message := self.receive()).type == CAMERA:
            cameras.append(message)
        assert message.type == LIST_END, message
        return cameras

    def wish(self, width=1280, height=720, select="", fps=30.0, format="auto", path="",
             idle_fps=2.0, settle_ms=0, keep_latest=False, rotation=0, hflip=False, vflip=False,
             **controls):
        """Sends configure; words of `controls` are their numbers."""
        if not hasattr(self, "hello"):
            self.hello = self.expect(HELLO)
        assert set(controls) <= set(CONTROLS)
        self.send(CONFIGURE, f"=IIdd6I{len(CONTROLS)}d256s16s1024s", width, height, fps, idle_fps,
                  settle_ms, keep_latest, rotation, hflip, vflip, 0,
                  *(controls.get(name, math.nan) for name in CONTROLS), select.encode(),
                  format.encode(), path.encode())

    def configure(self, **wish):
        """Sends configure and maps the buffers; call it first, or after it was refused."""
        self.wish(**wish)
        self.configured = self.expect(CONFIGURED)
        self.buffers = [self.expect(BUFFER) for _ in range(self.configured.buffer_count)]
        for buffer in self.buffers:
            assert len(buffer.fds) == buffer.fd_count
            self.maps.append([mmap.mmap(fd, os.lseek(fd, 0, os.SEEK_END), prot=mmap.PROT_READ)
                              for fd in buffer.fds])
            for fd in buffer.fds:
                os.close(fd)
        return self.configured

    def start(self):
        self.send(START)
        self.expect(STARTED)

    def stop(self):
        self.send(STOP)
        while self.receive().type != STOPPED:
            pass  # a frame that crossed on the way

    def ping(self):
        self.send(PING)
        return self.expect(PONG)

    def shoot(self, not_before_ns=None):
        """Asks for a frame of now, and does not wait; returns its `not_before`."""
        self.shots += 1
        if not_before_ns is None:
            not_before_ns = monotonic_ns()
        self.send(SHOOT, "=Qq", self.shots, not_before_ns)
        return not_before_ns

    def frame(self, timeout_s=None):
        frame = self.expect(FRAME, timeout_s)
        assert frame.shot == self.shots
        return frame

    def give_back(self, frame):
        self.send(GIVE_BACK, "=I", frame.buffer)

    def plane(self, frame, index):
        """The bytes of one plane of a frame on loan."""
        plane = self.buffers[frame.buffer].planes[index]
        memory = self.maps[frame.buffer][plane["fd"]]
        return memory[plane["offset"]:plane["offset"] + plane["length"]]

    def cpu_s(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def fd_count(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))
