"""A real systemd as the first process of namespaces of its own: this machine's files below, what it
changes above them in memory, its network shared. It sees no unit but those that it is given."""

import os
import pathlib
import shutil
import subprocess
import time

INIT = pathlib.Path("/lib/systemd/systemd")

# In the new namespaces, before systemd takes over. $1: a tmpfs to build in; $2: what goes to the
# root; $3: a control group to be in.
BOOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1"/upper "$1"/work "$1"/root "$1"/cgroup
mount -t cgroup2 cgroup2 "$1"/cgroup
mkdir "$1/cgroup/$3"
echo 0 >"$1/cgroup/$3"/cgroup.procs
exec unshare --cgroup bash -c "$4" boot "$1" "$2"
"""
BOOT_IN_GROUP = r"""
set -e
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1"/root
cd "$1"/root
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for folder in run tmp etc/systemd/system mnt; do
    mkdir -p $folder
    mount -t tmpfs tmpfs $folder
done
mount --bind "$2"/out mnt
cp -a "$2"/root/. .
mount --make-rshared /
export container=docker SYSTEMD_UNIT_PATH=/etc/systemd/system SYSTEMD_GENERATOR_PATH=/nowhere
exec chroot . /lib/systemd/systemd --system --unit=test.target \
    --log-target=console --log-level=warning
"""

# $1: a folder to mount on; $2: the control group, whose last processes are about to end.
TIDY = r"""
mount -t cgroup2 cgroup2 "$1"
for try in {1..50}; do
    [[ -d "$1/$2" ]] || exit 0
    find "$1/$2" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    read -rt 0.1 <> <(:) || true
done
"""

TARGETS = {
    "sysinit.target": "[Unit]\nDefaultDependencies=no\n",
    "basic.target": "[Unit]\nDefaultDependencies=no\n",
    "shutdown.target": "[Unit]\nDefaultDependencies=no\n",
    "test.target": "[Unit]\nDefaultDependencies=no\nWants=look.service\n",
    "look.service": "[Service]\nType=oneshot\nExecStart=/bin/bash /look\n",
}


class CannotBoot(RuntimeError):
    """This machine, or this user, does not let us."""


class Machine:
    """`files`: path -> text or bytes or a file to copy, on its root. `look`: a shell script that
    runs in it; what it writes to /mnt is in `out`, and it ends by making /mnt/done."""

    def __init__(self, folder, files, look):
        self.folder = pathlib.Path(folder)
        self.out = self.folder / "out"
        self.root = self.folder / "root"
        self.group = f"still2mqtt-test-{os.getpid()}"
        (self.folder / "space").mkdir(parents=True)
        self.out.mkdir()
        units = {f"/etc/systemd/system/{name}": text for name, text in TARGETS.items()}
        script = f"exec >/mnt/log 2>&1\n{look}\ntouch /mnt/done\n"
        for path, content in {**units, **files, "/look": script}.items():
            self._put(self.root / path.lstrip("/"), content)

    def _put(self, path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pathlib.Path):
            shutil.copy(content, path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def run(self, deadline_s):
        """Boots, waits for the end of the script, ends all of it; returns what the script said."""
        if os.geteuid() != 0 or not INIT.exists() or not shutil.which("unshare"):
            raise CannotBoot("it takes root, systemd and unshare")
        with open(self.out / "console", "wb") as console:
            process = subprocess.Popen(
                ["unshare", "--pid", "--mount", "--ipc", "--uts", "--fork", "--kill-child",
                 "bash", "-c", BOOT, "boot", self.folder / "space", self.folder, self.group,
                 BOOT_IN_GROUP],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)
        try:
            until = time.monotonic() + deadline_s
            while not (self.out / "done").exists():
                if process.poll() is not None:
                    raise CannotBoot((self.out / "console").read_text(errors="replace")[-500:])
                assert time.monotonic() < until, self.said()
                try:
                    process.wait(0.1)
                except subprocess.TimeoutExpired:
                    pass
        finally:
            process.kill()  # and with it, the first process of the namespace and all others
            process.wait()
            subprocess.run(["unshare", "--mount", "bash", "-c", TIDY, "tidy",
                            self.folder / "space", self.group], capture_output=True)
        return self.said()

    def said(self):
        return "\n".join((self.out / name).read_text(errors="replace")
                         for name in ("log", "console") if (self.out / name).exists())
