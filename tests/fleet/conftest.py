"""Two hundred real agents on one machine, and what they cost."""

import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from agent import AGENT, SANITIZER, config_text  # noqa: E402

SIZE = 200


class Member:
    """One agent: small pictures of the pattern camera, its log in a file."""

    def __init__(self, folder, number, url, interval_s):
        self.id = f"cam-{number:03d}"
        self.log_path = folder / f"{self.id}.log"
        config = folder / f"{self.id}.conf"
        config.write_text(config_text({
            "device": {"id": self.id, "health_s": 30.0},
            "camera": {"driver": "pattern", "width": 160, "height": 120, "fps": 10.0},
            "schedule": {"interval_s": interval_s, "on_start": False},
            "mqtt": {"url": url},
        }))
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([AGENT, "--config", config, "--verbose"], stderr=log,
                                            stdin=subprocess.DEVNULL)

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def accepted(self):
        """The seq of every picture that it has accepted until now."""
        return {int(seq) for seq in re.findall(r"shot (\d+) accepted:", self.log)}

    def pids(self):
        """The agent's and its driver's."""
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [pid, *map(int, children.split())]

    def cost(self):
        """Its own memory in kB, shared pages by their share, and CPU seconds; driver included."""
        memory, cpu = 0, 0.0
        for pid in self.pids():
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            memory += int(re.search(r"^Pss: +(\d+) kB", rollup, re.M).group(1))
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():  # to the nanosecond
                cpu += int((task / "schedstat").read_text().split()[0]) / 1e9
        return memory, cpu


class Fleet:
    def __init__(self, urls, interval_s=0.0):
        """Agent n goes to urls[n % len(urls)]."""
        self._folder = tempfile.TemporaryDirectory(prefix="still2mqtt-fleet-")
        folder = pathlib.Path(self._folder.name)
        self.members = []
        for number in range(SIZE):
            self.members.append(Member(folder, number, urls[number % len(urls)], interval_s))

    def cost_over(self, seconds):
        """Each agent's memory in MB, and its share of a core over so many seconds."""
        before = [member.cost()[1] for member in self.members]
        begin = time.monotonic()
        signal.sigtimedwait([], seconds)
        after = [member.cost() for member in self.members]
        span = time.monotonic() - begin
        memory = [kilobytes / 1024 for kilobytes, _ in after]
        load = [(cpu - was) / span for (_, cpu), was in zip(after, before)]
        return memory, load

    def close(self):
        for member in self.members:
            member.process.terminate()
        try:
            for member in self.members:
                assert member.process.wait(30) == 0, member.log
                assert not SANITIZER.search(member.log), member.log
        finally:
            for member in self.members:
                member.process.kill()
                member.process.wait()
            self._folder.cleanup()


@pytest.fixture
def fleet():
    made = []

    def make(*arguments, **options):
        made.append(Fleet(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def tell(capfd):
    """Prints figures, whether the test passes or not."""

    def say(text):
        with capfd.disabled():
            print(f"\n    {text}", end=" ", flush=True)

    return say
