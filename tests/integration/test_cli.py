"""The command line: errors that name file, line and cure; one picture without a broker."""

import re
import subprocess

import pytest

import picture
from agent import AGENT, config_text


def run(*words, **options):
    return subprocess.run([AGENT, *map(str, words)], capture_output=True, text=True, timeout=120,
                          **options)


@pytest.fixture
def conf(tmp_path):
    def write(text):
        path = tmp_path / "test.conf"
        path.write_text(text)
        return path
    return write


def test_version_and_help():
    assert re.fullmatch(r"still2mqtt \d+\.\d+\.\d+\n", run("--version").stdout)
    text = run("--help").stdout
    for option in ("--config", "--check", "--print-config", "--list-cameras", "--snapshot"):
        assert option in text


def test_unknown_option():
    result = run("--configg", "x")
    assert result.returncode == 64 and "--configg" in result.stderr


def test_check_names_file_line_and_cure(conf):
    path = conf('camera: {\n    heigth = 480;\n    width = 10;\n};\nmqtt: { qos = "one"; };\n'
                'device: { id = "a/b"; };\n')
    result = run("--config", path, "--check")
    assert result.returncode == 78
    lines = result.stderr.splitlines()
    assert any(f"{path}:2: camera.heigth" in l and "did you mean camera.height" in l for l in lines)
    assert any(f"{path}:3: camera.width" in l and "64" in l for l in lines)
    assert any(f"{path}:5: mqtt.qos" in l for l in lines)
    assert any(f"{path}:6: device.id" in l for l in lines)


@pytest.mark.parametrize("identity", ["", "a b", "a/b", "+", "#", "x" * 65, "é", "a\n"])
def test_bad_ids(conf, identity):
    result = run("--config", conf(config_text({"device": {"id": identity}})), "--check")
    assert result.returncode == 78 and "device.id" in result.stderr


def test_print_config_reads_back(conf):
    path = conf('camera: { driver = "pattern"; width = 641; };\nmqtt: { prefix = "a/b"; };\n')
    printed = run("--config", path, "--print-config")
    assert printed.returncode == 0
    again = run("--config", conf(printed.stdout), "--print-config")

    def settings(done):
        """Without the comments, which say where each is from."""
        return [line for line in done.stdout.splitlines() if not line.lstrip().startswith("#")]

    assert settings(again) == settings(printed) and "    width = 641;" in settings(printed)


def test_missing_file():
    result = run("--config", "/nonexistent/still2mqtt.conf", "--check")
    assert result.returncode == 78 and "/nonexistent/still2mqtt.conf" in result.stderr


def test_snapshot_without_a_broker(conf, tmp_path):
    path = conf('camera: { driver = "pattern"; width = 320; height = 240; };\n')
    target = tmp_path / "one.jpg"
    result = run("--config", path, "--snapshot", target)
    assert result.returncode == 0, result.stderr
    pixels = picture.decode(target.read_bytes())
    assert picture.psnr(pixels, picture.test_card(320, 240, *picture.read_code(pixels))) >= 38
    assert list(tmp_path.glob("*.part")) == []


def test_snapshot_tells_why_not(conf, tmp_path):
    path = conf(f'camera: {{ driver = "files"; path = "{tmp_path}/none"; }};\n')
    result = run("--config", path, "--snapshot", tmp_path / "one.jpg")
    assert result.returncode == 69 and f"{tmp_path}/none" in result.stderr
    assert not (tmp_path / "one.jpg").exists()
    path = conf('camera: { driver = "pattern"; width = 320; height = 240; };\n')
    result = run("--config", path, "--snapshot", "/nonexistent/one.jpg")
    assert result.returncode == 71 and "/nonexistent/one.jpg" in result.stderr


def test_list_cameras(conf):
    result = run("--config", conf('camera: { driver = "pattern"; };\n'), "--list-cameras")
    assert result.returncode == 0 and "pattern" in result.stdout
    assert "64x48" in result.stdout and "9152x6944" in result.stdout
