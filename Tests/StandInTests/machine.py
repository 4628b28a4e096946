# For the tests of the scripts: a machine that lacks what a test says, whose commands are told apart by what they note.
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_S = 120
# Every script finds what is here unless a test lacks it.
FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin")
# These would change the machine, or take long.
NEVER_REAL = ("apt-get", "apt-cache", "sudo", "swift", "valgrind", "artemis", "java")
# Of the caller, which may have chosen a broker, ports or a program for its own tests.
NOT_INHERITED = ("BROKER", "ROUTER", "AMQP_PORT", "HTTP_PORT", "INTER_ROUTER_PORT", "BROKER_PORT",
                 "ARTEMIS_HOME", "JAVA_HOME", "RUN_DIR", "SENDER_BINARY", "TERMINAL", "SUDO_USER",
                 "PREFIX", "DESTDIR", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "XDG_DATA_DIRS")


class MachineTest(unittest.TestCase):
    """A test with a folder and a PATH of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="scripts-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.commands = self.folder / "bin"
        self.commands.mkdir()
        self.notes = self.folder / "notes"
        self.notes.touch()
        for folder in map(pathlib.Path, FOLDERS):
            for command in folder.iterdir() if folder.is_dir() else ():
                link = self.commands / command.name
                if command.name not in NEVER_REAL and not link.is_symlink():
                    link.symlink_to(command)

    def fake(self, name, body=""):
        """A command that notes its name and arguments, and does what `body` says."""
        path = self.commands / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/bash\necho {name} \"$@\" >>'{self.notes}'\n{body}\n")
        path.chmod(0o755)

    def noted(self, start):
        return [line for line in self.notes.read_text().splitlines() if line.startswith(start)]

    def run_command(self, *command, cwd=ROOT, stdin=subprocess.DEVNULL, **environment):
        """Runs it to its end. Returns status, output and errors."""
        inherited = {name: value for name, value in os.environ.items()
                     if name not in NOT_INHERITED}
        result = subprocess.run(
            [str(word) for word in command], cwd=cwd, stdin=stdin, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S,
            env={**inherited, "PATH": str(self.commands), "RUN_DIR": str(self.folder / "run"),
                 **{name: str(value) for name, value in environment.items()}})
        return result.returncode, result.stdout, result.stderr
