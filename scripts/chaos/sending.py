# One run of the sender: how far it is, how it ended, and its own account.
# SPDX-License-Identifier: Apache-2.0

import asyncio
import re
import signal
import time

from processes import HOST, ended, kill_group, start

ACCEPTED = re.compile(rb"accepted=(\d+)")
CHUNK = 1 << 16
LINE_MAX = 200
STOP_S = 15         # its drain timeout is 5 s


class Run:
    """The sender, sending. Its lines go to a file, and what is accepted is followed."""

    def __init__(self, folder):
        self.accepted = 0
        self.longest_pause_s = 0        # between two acceptances
        self.output_path = folder / "sender.out"
        self.errors_path = folder / "sender.err"
        self._process = None
        self._follower = None
        self._progress = asyncio.Condition()

    async def start(self, binary, port, address, arguments):
        with open(self.errors_path, "wb") as errors:
            self._process = await start(
                [binary, "-a", f"amqp://{HOST}:{port}/{address}", *arguments], errors,
                stdout=asyncio.subprocess.PIPE, death_signal="KILL")
        self._follower = asyncio.create_task(self._follow())

    async def wait_accepted(self, count):
        """False if it ended before."""
        async with self._progress:
            await self._progress.wait_for(lambda: self.accepted >= count or self.has_ended)
        return self.accepted >= count

    @property
    def has_ended(self):
        return self._follower.done() or self._process.returncode is not None

    async def wait(self):
        """The exit status, as a shell tells it."""
        await self._follower
        status = await self._process.wait()
        async with self._progress:
            self._progress.notify_all()
        return status if status >= 0 else 128 - status

    async def stop(self):
        """Told to, so that its account can be read; killed if it does not end then either."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await ended(self._process, STOP_S)
        self.end()

    def end(self):
        if self._process:
            kill_group(self._process)

    async def _follow(self):
        tail, last = b"", None
        with open(self.output_path, "wb") as output:
            while chunk := await self._process.stdout.read(CHUNK):
                output.write(chunk)
                tail += chunk
                # The last line may be cut.
                whole = tail[:tail.rfind(b"\n") + 1]
                if found := ACCEPTED.findall(whole[-LINE_MAX * 20:]):
                    last = self._note_pause(int(found[-1]), last)
                    async with self._progress:
                        self.accepted = int(found[-1])
                        self._progress.notify_all()
                tail = tail[-LINE_MAX:]

    def _note_pause(self, accepted, last):
        """Returns when the last acceptance came; a returned message is none."""
        if accepted <= self.accepted:
            return last
        now = time.monotonic()
        self.longest_pause_s = max(self.longest_pause_s, now - (last or now))
        return now


class Account:
    """The closing summary. `numbers` is empty if there is none."""

    def __init__(self, errors):
        lines = [line for line in errors.splitlines() if line.startswith("summary: ")]
        self.numbers = {name: int(number) for name, number in re.findall(
            r"(not taken|taken|accepted|rejected|given up|unconfirmed|in doubt|unsent|resent|link losses"
            r"|reconnects|longest interruption) (\d+)", "\n".join(lines))}

    def __getitem__(self, name):
        return self.numbers.get(name, -1)

    @property
    def adds_up(self):
        return self.numbers and self["taken"] == sum(self[name] for name in (
            "accepted", "rejected", "given up", "unconfirmed", "in doubt", "unsent"))
