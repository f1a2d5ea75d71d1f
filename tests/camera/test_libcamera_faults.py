"""The libcamera driver and a camera that is busy, stalls, goes, comes, or is not for us.

Every test runs for each libcamera that virtual_camera.SUITES names.
"""

import errno
import os
import shutil
import subprocess

import pytest

import virtual_camera
from driver_client import APPEARED, WAITING, DriverClient, Refused
from driver_shots import MS, streaming, take, with_fault


def test_busy(driver):
    with DriverClient(driver, with_fault("busy")) as client:
        with pytest.raises(Refused, match="Virtual1 is in use by another process"):
            client.configure(select="1")
        client.ping()


@pytest.mark.parametrize("fault, words", [("unplug", "the camera was unplugged"),
                                          ("gone", "cannot queue a request.*No such device")])
def test_camera_goes(driver, fault, words):
    """The driver says so and ends, whatever became of the requests and of an open shot."""
    with DriverClient(driver, with_fault(fault)) as client:
        streaming(client)
        with pytest.raises(Refused, match=words):
            for _ in range(20):
                take(client)
        assert os.waitstatus_to_exitcode(client.wait_end(1)) == 69


def test_camera_stalls(driver):
    """Nothing comes, nothing spins, and the driver still listens: the agent's deadline decides."""
    with DriverClient(driver, with_fault("stall")) as client:
        streaming(client, settle_ms=10000)  # at full rate
        assert client.receive(0.5) is None
        before = client.cpu_s()
        client.shoot()
        assert client.receive(1) is None
        assert client.ping().waiting_ns > 900 * MS
        assert client.cpu_s() - before <= 0.03
        client.hang_up()
        assert client.wait_end(1) == 0


def test_a_stream_that_stalls_is_mended_by_a_new_start(driver):
    with DriverClient(driver, with_fault("stall-once")) as client:
        streaming(client, settle_ms=600)
        assert client.receive(0.5) is None
        client.shoot()
        assert client.receive(0.5) is None
        client.stop()
        client.start()
        take(client)


def test_a_camera_that_comes_later(driver, tmp_path):
    absent = tmp_path / "absent"
    absent.touch()
    environment = {**with_fault("absent"), "VCAM_ABSENT": str(absent)}
    with DriverClient(driver, environment) as client:
        client.wish()
        waiting = client.expect(WAITING)
        assert waiting.code == errno.ENODEV and "there is no camera" in waiting.text
        assert client.receive(0.3) is None
        client.ping()
        absent.unlink()
        client.expect(APPEARED)
        take(streaming(client))


def test_log_level(driver):
    quiet = {name: value for name, value in os.environ.items()
             if not name.startswith("LIBCAMERA_LOG")}
    with DriverClient(driver, quiet) as client:
        client.configure()
        assert all(line.level <= 4 for line in client.logs)
        assert all(line.text.startswith("libcamera: ") for line in client.logs)
    with DriverClient(driver, {**quiet, "LIBCAMERA_LOG_LEVELS": "*:INFO"}) as client:
        client.configure()
        assert any(line.level == 6 and "configuring streams" in line.text for line in client.logs)
        assert all(line.level <= 6 for line in client.logs)
    with DriverClient(driver, {**quiet, "LIBCAMERA_LOG_LEVELS": "*:DEBUG"}) as client:
        client.configure()
        assert any(line.level == 7 for line in client.logs)


def run_bare(built):
    """The driver without virtual cameras: on this machine as it is."""
    return [built / "ld.so", "--library-path", built / "lib", built / "still2mqtt-camera-libcamera"]


def test_metadata_of_real_sensors(built):
    command = [built / "ld.so", "--library-path", built / "lib", built / "facts_check"]
    subprocess.run(command, check=True, timeout=10)
    slept = ["unshare", "--time", "--boottime", "3600"]  # a machine that has slept for an hour
    if subprocess.run([*slept, "true"], check=False, capture_output=True, timeout=10).returncode:
        pytest.skip("no time namespaces here")
    subprocess.run([*slept, *command], check=True, timeout=10)


def assert_no_camera(command):
    with DriverClient(command) as client:
        assert client.list() == []
    with DriverClient(command) as client:
        with pytest.raises(Refused) as refusal:
            client.configure()
        client.ping()
        return str(refusal.value)


def has_video():
    return any(name.startswith(("media", "video")) for name in os.listdir("/dev"))


@pytest.mark.skipif(has_video(), reason="this machine has a camera")
def test_no_camera(built):
    assert "the kernel shows no /dev/media*" in assert_no_camera(run_bare(built))


@pytest.mark.skipif(has_video(), reason="this machine has a camera")
def test_no_camera_for_this_machines_own_libcamera(tmp_path_factory):
    if subprocess.run(["pkg-config", "--exists", "libcamera"], check=False).returncode != 0:
        pytest.skip("libcamera-dev is not installed")
    built = virtual_camera.build_against("/", virtual_camera.BUILD / "own").resolve()
    assert "the kernel shows no /dev/media*" in assert_no_camera(run_bare(built))


@pytest.mark.skipif(has_video(), reason="this machine has a camera")
@pytest.mark.parametrize("group, words", [
    ("video", "/dev/media0 belongs to the group \"video\""),
    ("root", "/dev/media0 is root's, until udev hands it over")])
def test_no_permission(built, group, words):
    """A camera's device that belongs to somebody else, and a root that may not pass for everybody."""
    script = ("mount -t tmpfs dev /dev && mknod -m 660 /dev/media0 c 510 0 && "
              f"chown 65534:{group} /dev/media0 || exit 77; "
              "exec setpriv --regid=65534 --clear-groups "
              "--bounding-set=-dac_override,-dac_read_search \"$@\"")
    command = [shutil.which("unshare"), "--mount", "sh", "-c", script, "sh"]
    probe = subprocess.run([*command, "true"], check=False, capture_output=True, timeout=10)
    if probe.returncode != 0:
        pytest.skip("only root can make a device to be refused")
    assert words in assert_no_camera([*command, *run_bare(built)])
