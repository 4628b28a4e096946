# For the tests of the stand-ins: processes on free ports, and a client that keeps what it sees.
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

STAND_IN = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "stand-in"
PATIENCE_S = 30
sys.dont_write_bytecode = True
sys.path.insert(0, str(STAND_IN))
sys.path.append(str(STAND_IN.parent))

from local import HOST, free_port  # noqa: E402 (found by the path above)

ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


class Process:
    """A stand-in, its lines, and a way to wait for one of them."""

    def __init__(self, script, *arguments):
        self._process = subprocess.Popen(
            ["/usr/bin/python3", str(STAND_IN / script), *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT)
        self.lines = []
        self._changed = threading.Condition()
        self._is_over = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def line(self, start, count=1):
        """Waits for the `count`-th line that begins with `start`."""
        def found():
            lines = [line for line in self.lines if line.startswith(start)]
            return lines[count - 1] if len(lines) >= count else None
        with self._changed:
            self._changed.wait_for(lambda: found() or self._is_over, PATIENCE_S)
            if not found():
                raise AssertionError(f"no line {start!r} among {self.lines}")
            return found()

    @property
    def port(self):
        return self.ports[0]

    @property
    def ports(self):
        return [int(line.split(":")[1].split()[0]) for line in self.lines
                if line.startswith("listening on")]

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        """kill -9, and waits until it is gone."""
        if self._process.poll() is None:
            self._process.kill()
        return self.wait()

    def wait(self):
        status = self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        self._process.stdout.close()
        return status

    def _read(self):
        for line in self._process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


def run(script, *arguments):
    """Runs a check to its end. Returns status and output."""
    result = subprocess.run(["/usr/bin/python3", str(STAND_IN / script), *map(str, arguments)],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=2 * PATIENCE_S, check=False, env=ENVIRONMENT)
    return result.returncode, result.stdout


class StandInTest(unittest.TestCase):
    """A test with a folder of its own, whose processes and clients end with it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="stand-in-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.store = self.folder / "store"

    def reserve_port(self):
        """A port that nobody else gets while the test runs, and a stand-in can still listen on."""
        port = free_port()
        holder = socket.socket()
        self.addCleanup(holder.close)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, True)
        holder.bind((HOST, port))
        return port

    def start(self, script, *arguments):
        process = Process(script, *arguments)
        self.addCleanup(process.kill)
        return process

    def broker(self, *arguments, port=0):
        broker = self.start("broker.py", "--listen", f"127.0.0.1:{port}",
                            "--store", self.store, *arguments)
        broker.line("listening on")
        return broker

    def router(self, conf, *arguments):
        path = self.folder / f"{len(list(self.folder.iterdir()))}.conf"
        path.write_text(conf)
        router = self.start("router.py", "--conf", path, *arguments)
        router.line("listening on")
        return router

    def routed(self, router_arguments=(), broker_arguments=()):
        """A broker and a router in front of it, with the route up."""
        broker = self.broker(*broker_arguments)
        router = self.router(single_node(broker.port), *router_arguments)
        router.line("route up: link1")
        return broker, router

    def client(self, port, **options):
        from client import Client
        client = Client(port, **options)
        self.addCleanup(client.close)
        return client


def single_node(broker_port, port=0):
    return f"""
        router {{ mode: interior
                  id: Single }}
        listener {{
            host: 127.0.0.1
            port: {port}
        }}
        {connector(broker_port)}
        {link_routes("broker1")}
        """


def connector(port, role="route-container"):
    return f"""
        connector {{
            name: broker1
            host: 127.0.0.1
            port: {port}
            role: {role}
        }}"""


def link_routes(connection=None):
    to = f"connection: {connection}" if connection else ""
    return "\n".join(f"""
        linkRoute {{
            prefix: link1
            direction: {direction}
            {to}
        }}""" for direction in ("in", "out"))


SIGSTOP, SIGCONT, SIGTERM = signal.SIGSTOP, signal.SIGCONT, signal.SIGTERM
