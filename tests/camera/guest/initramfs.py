"""What the guest finds when it boots: one archive of files, nothing of this machine's disk."""

import io
import lzma
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
MODULES = ["virtio_net", "uvcvideo", "vhci-hcd"]

PASSWD = "root:x:0:0::/:/bin/sh\ncamera:x:1000:1000::/:/bin/sh\nstranger:x:1001:1001::/:/bin/sh\n"
GROUP = "root:x:0:\nvideo:x:44:camera\ncamera:x:1000:\nstranger:x:1001:\n"

# The executable that the agent starts. udev and the agent find the libraries that they want by
# themselves; the driver runs under the libcamera of another suite.
DRIVER = """#!/bin/sh
export VCAM_FIRMWARE_NODE=/run/firmware-node LIBCAMERA_PIPELINES_MATCH_LIST=uvcvideo
exec /camera/ld.so --library-path /camera/lib --preload /camera/shim.so /camera/driver
"""

# one program of two names
UDEV = """#!/bin/sh
exec /udev/ld.so --library-path /udev/lib --argv0 "$0" /udev/udevadm "$@"
"""


def libraries(listing):
    """Paths from the output of ldd, or of ld.so --list."""
    for line in listing.splitlines():
        words = line.replace("=>", " ").split()
        paths = [word for word in words if word.startswith("/")]
        if paths:
            yield pathlib.Path(paths[-1])


def command(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout


class Archive:
    """A cpio archive in the form that the kernel unpacks ("newc")."""

    def __init__(self):
        self.out = io.BytesIO()
        self.names = set()

    def _entry(self, name, mode, data):
        fields = [len(self.names), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        self.out.write(b"070701" + b"".join(b"%08x" % field for field in fields))
        self.out.write(name.encode() + b"\0")
        self.out.write(b"\0" * (-self.out.tell() % 4))
        self.out.write(data)
        self.out.write(b"\0" * (-self.out.tell() % 4))

    def add(self, name, data, mode=0o644):
        name = str(name).lstrip("/")
        for folder in reversed(pathlib.PurePath(name).parents[:-1]):
            if str(folder) not in self.names:
                self.names.add(str(folder))
                self._entry(str(folder), 0o040755, b"")
        if name not in self.names:
            self.names.add(name)
            self._entry(name, 0o100000 | mode, data.encode() if isinstance(data, str) else data)

    def copy(self, name, path):
        self.add(name, pathlib.Path(path).read_bytes(), 0o755)

    def copy_with_own_linker(self, folder, name, path, linker, library_path):
        """An executable of another suite, with its ld.so and its libraries."""
        self.copy(f"{folder}/{name}", path)
        self.copy(f"{folder}/ld.so", linker)
        listing = command(linker, "--library-path", library_path, "--list", path)
        for library in libraries(listing):
            self.copy(f"{folder}/lib/{library.name}", library)

    def copy_with_libraries(self, name, path):
        """An executable of this machine."""
        self.copy(name, path)
        for library in libraries(command("ldd", path)):
            self.copy(library, library)

    def write(self, path):
        self._entry("TRAILER!!!", 0, b"")
        pathlib.Path(path).write_bytes(self.out.getvalue())


def add_modules(archive, modules):
    """The modules and what they need, numbered in the order in which they can be loaded."""
    depends = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        path, needs = line.split(":")
        depends[pathlib.PurePath(path).name.split(".")[0]] = [path, *needs.split()]
    order = []
    for name in MODULES:
        for path in reversed(depends[name]):
            if path not in order:
                order.append(path)
    for number, path in enumerate(order):
        data = lzma.decompress((modules / path).read_bytes())
        archive.add(f"modules/{number:02}-{pathlib.PurePath(path).name.split('.')[0]}.ko", data)


def build_webcam(folder):
    webcam = folder / "webcam"
    command("cc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-static",
            "-o", webcam, *sorted(HERE.glob("*.c")))
    return webcam


def write(path, base, built, agent, frames):
    """`base`: what fetch-guest unpacked; `built`: the folder of build-driver; `frames`: what the
    webcam shows, file name -> bytes."""
    archive = Archive()
    for name in ("init", "serve"):
        archive.copy(name, HERE / name)
    archive.copy("bin/busybox", base / "usr/bin/busybox")
    add_modules(archive, next((base / "usr/lib/modules").iterdir()))

    own = next((base / "usr/lib").glob("*-linux-gnu"))
    archive.copy_with_own_linker("udev", "udevadm", base / "usr/bin/udevadm",
                                 next(own.glob("ld-linux*")), f"{own}:{own / 'systemd'}")
    for name in ("udevadm", "systemd-udevd"):
        archive.add(f"bin/{name}", UDEV, 0o755)
    rules = "usr/lib/udev/rules.d/50-udev-default.rules"
    archive.copy(rules, base / rules)
    archive.add("etc/passwd", PASSWD)
    archive.add("etc/group", GROUP)

    archive.copy_with_own_linker("camera", "driver", built / "still2mqtt-camera-libcamera",
                                 built / "ld.so", built / "lib")
    archive.copy("camera/shim.so", built / "dmabuf_shim.so")
    archive.add("camera/still2mqtt-camera-libcamera", DRIVER, 0o755)

    archive.copy_with_libraries("agent/still2mqtt", agent)
    archive.copy_with_libraries("agent/setpriv", "/usr/bin/setpriv")
    archive.copy("bin/webcam", build_webcam(path.parent))
    for name, data in frames.items():
        archive.add(f"frames/{name}", data)
    archive.write(path)
