"""Running small scripts in processes of their own."""

import os
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parent


def start(script, *arguments, **variables):
    """Start a script with the folder of the tests on its path."""
    path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "default", **variables}
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    """Wait for a script and return what it printed and what it wrote to stderr."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out, err


def run(script, *arguments, **variables):
    """Run a script to its end."""
    return finish(start(script, *arguments, **variables))


def wait_until_gone(process):
    """Wait until the process of this number has ended."""
    for _ in range(500):
        try:
            status = Path(f"/proc/{process}/stat").read_text()
        except FileNotFoundError:
            return
        if status.rpartition(")")[2].split()[0] == "Z":  # only nobody has looked after it yet
            return
        time.sleep(0.02)
    raise AssertionError(f"process {process} is still there")
