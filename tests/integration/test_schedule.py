"""Timed pictures of a real agent: their interval, and what they do while the clock is set, when the
clocks change, and on a leap day. Judged by what the pictures say of themselves."""

import ctypes
import statistics

import pytest

from fakeclock import FakeClock, epoch

WITHIN_MS = 50


@pytest.fixture
def clocks():
    made = []

    def make(*arguments):
        made.append(FakeClock(*arguments))
        return made[-1]

    yield make
    for clock in made:
        clock.close()


def due_ms(meta):
    """The monotonic time at which the picture was due."""
    return meta["monotonic_ms"] - meta["latency_ms"]["exposure"]


def due_wall(meta):
    """The same, by the agent's wall clock, in seconds."""
    return epoch(meta["captured_at"]) - meta["latency_ms"]["exposure"] / 1000


def timed(wire, count, mark=0):
    metas = [m.json() for m in wire.wait_count("/meta", count, mark)]
    assert all(meta["trigger"] == "timer" for meta in metas)
    return metas


def off_grid_ms(wall_s, step_s):
    return abs((wall_s + step_s / 2) % step_s - step_s / 2) * 1000


def test_the_interval_is_kept(online, wire, capsys):
    interval_ms = 500
    online(schedule={"interval_s": 0.5})
    metas = timed(wire, 24)
    first = due_ms(metas[0])
    # a machine that is too busy skips a picture; the next must be on the grid all the same
    errors = [abs((due_ms(meta) - first + interval_ms / 2) % interval_ms - interval_ms / 2)
              for meta in metas]
    late = [meta["latency_ms"]["exposure"] for meta in metas]
    with capsys.disabled():
        print(f"\n    interval of {interval_ms} ms, {len(metas)} pictures: off the grid by "
              f"{statistics.median(errors):.1f} ms (median), {max(errors):.1f} ms (most); exposed "
              f"{statistics.median(late):.1f} ms (median), {max(late):.1f} ms (most) after that")
    assert max(errors) <= WITHIN_MS
    assert statistics.median(late) <= WITHIN_MS + 1000 / 30  # and a frame of the camera's
    gaps = [due_ms(b) - due_ms(a) for a, b in zip(metas, metas[1:])]
    assert abs(statistics.median(gaps) - interval_ms) <= WITHIN_MS


def test_steps_of_the_clock(online, wire, clocks):
    """1970 to now, forward, back by an hour, and by less than an interval: each picture is due at a
    whole second of the clock as it is then, and at least half and at most one and a half after the
    one before."""
    clock = clocks("1970-01-01T00:00:30.2Z")
    online(schedule={"interval_s": 1.0, "align": True}, environment=clock.environment)
    steps = ["2026-07-15T12:00:00.3Z", "2026-07-15T13:30:00.9Z", "2026-07-15T12:20:00.6Z",
             "2026-07-15T12:20:01.1Z", "1970-01-01T00:10:00.5Z"]
    metas = timed(wire, 3)
    for at in steps:
        mark = wire.mark()
        clock.set(at)
        after = timed(wire, 4, mark)
        for meta in after[-2:]:
            assert 0 < due_wall(meta) - epoch(at) < 30
            assert off_grid_ms(due_wall(meta), 1) <= WITHIN_MS
    metas = timed(wire, 3 + 4 * len(steps))
    gaps = [due_ms(b) - due_ms(a) for a, b in zip(metas, metas[1:])]
    assert min(gaps) >= 500 - WITHIN_MS and max(gaps) <= 1500 + WITHIN_MS, gaps
    assert [meta["seq"] for meta in metas] == list(range(1, len(metas) + 1))


def test_steps_do_not_touch_a_plain_interval(online, wire, clocks):
    clock = clocks("1970-01-01T00:00:30.2Z")
    online(schedule={"interval_s": 1.0}, environment=clock.environment)
    timed(wire, 2)
    for at in ("2026-07-15T12:00:00.3Z", "2026-07-15T11:00:00.7Z"):
        mark = wire.mark()
        clock.set(at)
        timed(wire, 2, mark)
    metas = timed(wire, 6)
    gaps = [due_ms(b) - due_ms(a) for a, b in zip(metas, metas[1:])]
    assert max(abs(gap - 1000) for gap in gaps) <= WITHIN_MS, gaps


# zone, the clock at the start, window, weekdays, when it opens
OPENINGS = {
    "a day": ("Europe/Berlin", "2026-07-15T05:59:57Z", "08:00-18:00", "", "2026-07-15T06:00:00Z"),
    "spring forward": ("Europe/Berlin", "2026-03-29T00:59:57Z", "02:30-04:00", "",
                       "2026-03-29T01:00:00Z"),  # 02:00 is 03:00
    "fall back": ("Europe/Berlin", "2026-10-25T00:29:57Z", "02:30-04:00", "",
                  "2026-10-25T00:30:00Z"),  # the first 02:30
    "half an hour forward, in the south": ("Australia/Lord_Howe", "2026-10-03T15:29:57Z",
                                           "02:15-04:00", "sun", "2026-10-03T15:30:00Z"),
    "half an hour back, in the south": ("Australia/Lord_Howe", "2026-04-04T15:29:57Z",
                                        "02:00-04:00", "sun", "2026-04-04T15:30:00Z"),
    "a leap day": ("UTC", "2028-02-28T23:59:57Z", "", "tue", "2028-02-29T00:00:00Z"),
    "after a leap day": ("UTC", "2028-02-29T23:59:57Z", "", "wed", "2028-03-01T00:00:00Z"),
}


@pytest.mark.parametrize("case", OPENINGS.values(), ids=OPENINGS.keys())
def test_a_window_opens_on_time(online, wire, clocks, case):
    zone, start, window, weekdays, opens = case
    clock = clocks(start, zone)
    online(schedule={"interval_s": 1.0, "window": window, "weekdays": weekdays},
           environment=clock.environment)
    metas = timed(wire, 3)
    for n, meta in enumerate(metas):
        # a machine so slow that it started after the opening counts from its start
        assert due_wall(meta) - epoch(opens) >= n - WITHIN_MS / 1000
    if epoch(opens) - due_wall(metas[0]) > -1:
        assert abs(due_wall(metas[0]) - epoch(opens)) * 1000 <= WITHIN_MS


# zone, the clock at the start, window, weekdays, when it closes
CLOSINGS = {
    "a day": ("Europe/Berlin", "2026-07-15T15:59:50Z", "08:00-18:00", "", "2026-07-15T16:00:00Z"),
    "the first of two": ("Europe/Berlin", "2026-10-25T00:29:50Z", "22:00-02:30", "",
                         "2026-10-25T00:30:00Z"),
    "the end of a leap day": ("UTC", "2028-02-29T23:59:50Z", "", "tue", "2028-03-01T00:00:00Z"),
}


@pytest.mark.parametrize("case", CLOSINGS.values(), ids=CLOSINGS.keys())
def test_a_window_closes_on_time(online, wire, clocks, case):
    zone, start, window, weekdays, closes = case
    clock = clocks(start, zone)
    online(schedule={"interval_s": 1.0, "window": window, "weekdays": weekdays},
           commands={"per_s": 100.0, "burst": 100}, environment=clock.environment)
    timed(wire, 2)
    clock.set(closes.replace(":00Z", ":00.2Z"))
    shown, asked = 0, 0
    while shown < epoch(closes) + 2.5:  # pictures on command tell what time it is
        asked += 1
        wire.snapshot(f"r{asked}")
        meta = wire.wait("/meta", lambda m: m.json().get("request_id") == f"r{asked}").json()
        shown = epoch(meta["captured_at"])
    late = [m.json() for m in wire.since(0, "/meta")
            if m.json()["trigger"] == "timer" and due_wall(m.json()) >= epoch(closes) + 0.3]
    assert late == []


def test_day_and_night_have_their_own_pictures(online, wire, clocks):
    clock = clocks("2026-06-21T12:00:00Z", "Europe/London")
    online(schedule={"interval_s": 10.0, "place": "51.48, -0.01", "entries": [
        {"name": "day", "window": "sunrise-sunset", "interval_s": 1.0, "quality": 80},
        {"name": "night", "window": "sunset-sunrise", "interval_s": 0.5, "quality": 25},
    ]}, environment=clock.environment)
    wire.wait("/meta", lambda m: m.json()["quality"] == 80)
    clock.set("2026-06-21T21:00:00Z")  # the sun set at 20:21
    wire.wait("/meta", lambda m: m.json()["quality"] == 25)
    assert all(meta["quality"] == (80 if "T12" in meta["captured_at"] else 25)
               for meta in timed(wire, 2))


def test_the_start_is_shot_in_a_window_alone(online, wire, clocks):
    clock = clocks("2026-07-15T20:00:00Z")
    agent = online(schedule={"interval_s": 600.0, "window": "08:00-18:00", "on_start": True},
                   environment=clock.environment)
    wire.snapshot("s")
    wire.wait("/meta")
    assert [m.json()["trigger"] for m in wire.since(0, "/meta")] == ["command"]
    agent.stop()
    mark = wire.mark()
    clock.set("2026-07-15T12:00:00Z")
    agent.start()
    assert wire.wait("/meta", mark=mark, where=lambda m: not m.retain).json()["trigger"] == "start"


def kernel_says_synced():
    """adjtimex of this machine: neither TIME_ERROR nor STA_UNSYNC."""
    libc = ctypes.CDLL(None, use_errno=True)
    timex = (ctypes.c_long * 64)()
    returned = libc.adjtimex(ctypes.byref(timex))
    status = ctypes.c_int.from_buffer(timex, 5 * ctypes.sizeof(ctypes.c_long)).value
    return 0 <= returned < 5 and not status & 0x40


def test_clock_synced_is_what_the_kernel_says(online, wire):
    online(schedule={"interval_s": 1.0})
    before = kernel_says_synced()
    meta = timed(wire, 1)[0]
    assert meta["clock_synced"] in (before, kernel_says_synced())
