"""A camera for a long time: nothing of the agent's side or of the driver may grow."""

import subprocess

import pytest

from agent import BUILD

SOAK = BUILD / "bin" / "camera_soak"


@pytest.mark.parametrize("how, count", [("warm", 1000), ("cold", 200), ("restart", 100)])
def test_nothing_grows(drivers, how, count):
    command = [SOAK, drivers, "Virtual bars", how, str(count)]
    result = subprocess.run(command, text=True, check=False, timeout=240,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(result.stdout)
    assert result.returncode == 0, result.stdout
