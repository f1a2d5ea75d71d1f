"""The driver builds against each libcamera that the systems of our users bring."""

import os
import pathlib
import subprocess

import pytest

import virtual_camera

SOURCES = virtual_camera.ROOT / "agent" / "camera" / "drivers"


@pytest.mark.parametrize("release", virtual_camera.VERSIONS)
def test_builds_without_a_warning(release):
    try:
        root = virtual_camera.fetch(release).resolve()
    except virtual_camera.Unavailable as why:
        pytest.skip(str(why))
    folder = virtual_camera.BUILD / release
    virtual_camera.compile_against(root, folder)

    version = subprocess.run(["pkg-config", "--modversion", "libcamera"], text=True, check=True,
                             stdout=subprocess.PIPE, timeout=10,
                             env={**os.environ, "PKG_CONFIG_PATH": str(folder / "pkgconfig")})
    assert version.stdout.startswith(f"{virtual_camera.VERSIONS[release]}.")
    commands = subprocess.run(["ninja", "-C", folder / "build", "-t", "commands",
                               "still2mqtt-camera-libcamera"], text=True, check=True,
                              stdout=subprocess.PIPE, timeout=10).stdout.splitlines()
    sources = {pathlib.Path(source).name for source in SOURCES.glob("*.cpp")}
    compiled = {line.rsplit("/", 1)[1]: line for line in commands if line.endswith(".cpp")}
    assert set(compiled) == sources
    for line in compiled.values():
        assert {"-Wall", "-Wextra", "-Wconversion", "-Werror"} <= set(line.split()), line
        assert f"{root}/usr/include/libcamera" in line, line
