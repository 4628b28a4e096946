# Processes that never outlive the chaos, however that ends.
# SPDX-License-Identifier: Apache-2.0

import asyncio
import os
import pathlib
import signal
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))

from local import HOST, PYTHON, free_port  # noqa: E402, F401 (found by the path above; others import them from here)


async def start(command, log, environment=None, stdout=None, death_signal="TERM"):
    """In a process group of its own; it gets the signal when this process is gone."""
    return await asyncio.create_subprocess_exec(
        "setpriv", f"--pdeathsig={death_signal}", *map(str, command), cwd=ROOT,
        env={**os.environ, **(environment or {})}, stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout or log, stderr=log, start_new_session=True)


def send_signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def kill_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


async def ended(process, seconds):
    """Whether it ended within that time."""
    try:
        await asyncio.wait_for(process.wait(), seconds)
    except asyncio.TimeoutError:
        return False
    return True


async def output_of(command, seconds):
    """The status and all that a command said; it is killed if it takes longer."""
    process = await start(command, asyncio.subprocess.STDOUT, stdout=asyncio.subprocess.PIPE,
                          death_signal="KILL")
    try:
        said, _ = await asyncio.wait_for(process.communicate(), seconds)
    except asyncio.TimeoutError:
        return -1, f"{pathlib.Path(str(command[1])).name} took longer than {seconds} s"
    finally:
        kill_group(process)
    return process.returncode, said.decode(errors="replace").strip()
