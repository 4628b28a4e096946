# Processes whose lines are read as they come, each with the time.
# SPDX-License-Identifier: Apache-2.0

import bisect
import collections
import os
import pathlib
import subprocess
import sys
import threading
import time

SCRIPTS = pathlib.Path(__file__).resolve().parents[1] / "scripts"
sys.path.append(str(SCRIPTS))

from local import HOST, PYTHON, free_port  # noqa: E402, F401 (found by the path above; others import them from here)

STAND_INS = SCRIPTS / "stand-in"
PATIENCE_S = 60
RUN_S = 900

Line = collections.namedtuple("Line", "text at")


class Failure(Exception):
    """What could not be measured, and why."""


class Process:
    """A program, and the lines of one of its streams."""

    def __init__(self, command, stream="stdout", noted=lambda process, line: None, **more):
        self.lines = []
        self.name = pathlib.Path(next(word for word in command if word != PYTHON)).name
        self._noted = noted
        self._changed = threading.Condition()
        self._is_over = False
        self._process = subprocess.Popen([os.fspath(word) for word in command], text=True, bufsize=1,
                                         **{stream: subprocess.PIPE}, **more)
        self._stream = getattr(self._process, stream)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self._process.pid

    @property
    def stdin(self):
        return self._process.stdin

    def _read(self):
        for text in self._stream:
            line = Line(text.rstrip("\n"), time.monotonic())
            self._noted(self, line)
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def line(self, words, after=0.0):
        """Waits for the first line with all of these words that came after a moment."""
        def found():
            later = bisect.bisect_right(self.lines, after, key=lambda line: line.at)
            return next((line for line in self.lines[later:] if all(word in line.text for word in words)), None)
        with self._changed:
            self._changed.wait_for(lambda: found() or self._is_over, PATIENCE_S)
            line = found()
        if not line:
            raise Failure(f"{self.name}: no line with {' and '.join(words)}; the last ones are "
                          f"{[line.text for line in self.lines[-5:]]}")
        return line

    def wait(self):
        """The exit status."""
        try:
            status = self._process.wait(RUN_S)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {RUN_S} s") from None
        self._reader.join(PATIENCE_S)
        return status

    def kill(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join(PATIENCE_S)


def stand_in(script, *arguments):
    return Process([PYTHON, STAND_INS / script, *map(str, arguments)], stderr=subprocess.STDOUT,
                   env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


def listening_port(process):
    return int(process.line(["listening on"]).text.split(":")[1].split()[0])
