# Runs a row: a sink, perhaps a relay in front of it, and the program under callgrind and without.
# SPDX-License-Identifier: Apache-2.0

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

import callgrind
from processes import HOST, Failure, listening_port, stand_in
from relay import Relay

EXAMPLES = pathlib.Path("/usr/share/proton/examples")
LIMIT_S = 900
SAMPLED_EVERY_S = 0.002


@dataclasses.dataclass(frozen=True)
class Figure:
    """What a row costs.

    Instructions and times are for each message, or of a whole run for a row without counts. own: the instructions that
    the program itself executes, not a library. No instructions: callgrind has not run it. The times, which include the
    start, and the peak of the anonymous memory are those of a run without callgrind, of the larger number of messages.
    """

    row: str
    instructions: int
    own: int
    user_us: float
    wall_us: float
    anonymous_kib: int


class Sink:
    """Proton's direct.c, which accepts everything. It counts what arrived by a line for each message."""

    def __init__(self, program, count, is_settled):
        # It counts to a number only to leave then, before it has answered a close: too soon for who awaits no outcomes.
        limit = 0 if is_settled else count
        self._expected = count
        self._arrived = 0
        self._has_all = threading.Event()
        self._process = subprocess.Popen([program, "127.0.0.1", "0", "examples", str(limit)],
                                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        greeting = self._process.stdout.readline().decode().split()
        if greeting[:2] != ["listening", "on"]:
            self._process.kill()
            raise Failure(f"the sink does not listen: {greeting}")
        self.port = int(greeting[2])
        self._reader = threading.Thread(target=self._count)
        self._reader.start()

    def _count(self):
        while block := self._process.stdout.read1(1 << 20):
            self._arrived += block.count(b"\n")
            if self._arrived >= self._expected:
                self._has_all.set()

    def end(self):
        """Ends it, and returns how many messages arrived."""
        self._has_all.wait(5)
        try:
            # One that has had all ends by itself; one that counts to nothing never does.
            self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reader.join()
        self._process.wait()
        # Its last line is not a message's, if it has had all.
        return self._arrived - (1 if self._process.returncode == 0 else 0)


class StoringSink:
    """The stand-in broker. What arrived is in its store, a line for each message."""

    def __init__(self, store, count):
        self._store = store
        store.unlink(missing_ok=True)
        self._process = stand_in("broker.py", "--listen", f"{HOST}:0", "--store", store, "--credit", count)
        self.port = listening_port(self._process)

    def end(self):
        """Ends it, and returns how many messages arrived."""
        self._process.kill()
        with open(self._store, "rb") as file:
            return sum(1 for _ in file)


class Bench:
    """The programs, and a folder for their files."""

    def __init__(self, folder, sender):
        self.folder = folder
        self.certificate, self._key = folder / "certificate.pem", folder / "key.pem"
        self._programs = {"sender": sender}
        for name, source, compiler, library in (
                ("send", "c/send.c", "cc", "qpid-proton"), ("direct", "c/direct.c", "cc", "qpid-proton"),
                ("simple_send", "cpp/simple_send.cpp", "c++", "qpid-proton-cpp")):
            self._programs[name] = self._build(name, source, compiler, library)
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost", "-keyout", self._key, "-out", self.certificate])

    def has(self, program):
        """Whether a peer is installed; it is run by that name from now on."""
        if program == "artemis":
            # Not what the PATH has: Debian's package of that name is a genome browser.
            home = os.environ.get("ARTEMIS_HOME")
            path = shutil.which(f"{home}/bin/artemis") if home else None
        else:
            path = shutil.which(program)
        if path:
            self._programs[program] = path
        return path is not None

    def _build(self, name, source, compiler, library):
        path = EXAMPLES / source
        if not path.exists():
            raise Failure(f"{path} is missing: scripts/install-needs.sh bench installs libqpid-proton11-dev-examples")
        run([compiler, "-O2", "-g", "-o", self.folder / name, path, "-I", path.parent, f"-l{library}", "-lpthread"])
        return str(self.folder / name)

    def figures_of(self, row):
        if row.counts is None:
            cost = self._cost(row, 0)
            return Figure(row.name, cost.all, cost.own, *self._plain(row, 0))
        if len(row.counts) == 1:
            return Figure(row.name, None, None, *self._plain(row, *row.counts))
        few, many = row.counts
        less, more = self._cost(row, few), self._cost(row, many)
        slopes = [round((large - small) / (many - few)) for small, large in zip(less, more)]
        return Figure(row.name, *slopes, *self._plain(row, many))

    def _cost(self, row, count):
        out = self.folder / "callgrind.out"
        self._run(row, count, [*callgrind.COMMAND, f"--callgrind-out-file={out}"])
        with open(out, encoding="utf-8") as file:
            return callgrind.read(file, self._programs[row.program])

    def _plain(self, row, count):
        usage = self._run(row, count, [])
        messages = count or 1
        return (round(usage.user_s * 1e6 / messages, 1), round(usage.wall_s * 1e6 / messages, 1), usage.anonymous_kib)

    def _sink(self, row, count):
        if row.is_to_broker:
            return StoringSink(self.folder / "store", count)
        return Sink(self._programs["direct"], count, row.is_settled)

    def _run(self, row, count, prefix):
        """Runs a program to its end, and returns what it used."""
        for name in ("journal", "events"):
            (self.folder / name).unlink(missing_ok=True)
        sink = self._sink(row, count) if count else None
        try:
            port = sink.port if sink else None
            if row.relay:
                port = Relay(port, row.relay, self.certificate, self._key).port
            command = [*prefix, self._programs[row.program], *target(row, port), *row.arguments(count)]
            usage = watch(command, row.input(count) if row.input else None, self.folder / "output")
        finally:
            arrived = sink.end() if sink else count
        if arrived != count:
            raise Failure(f"{row.name}: {arrived} of {count} messages arrived")
        return usage


def target(row, port):
    """The arguments that name the sink to a program."""
    if port is None:
        return []
    where = f"127.0.0.1:{port}/examples"
    match row.program:
        case "sender":
            return ["-a", f"amqps://{where}" if row.relay == "tls" else f"amqp://{where}"]
        case "send":
            return ["127.0.0.1", str(port), "examples"]
        case "simple_send":
            return ["-a", where]
        case "qpid-send":
            return ["-b", f"127.0.0.1:{port}", "-a", "examples", "--connection-options", "{protocol:amqp1.0}"]
        case "artemis":
            return ["producer", "--protocol", "amqp", "--url", f"amqp://127.0.0.1:{port}", "--destination",
                    "queue://examples"]


@dataclasses.dataclass(frozen=True)
class Usage:
    user_s: float
    wall_s: float
    anonymous_kib: int


def watch(command, source, output):
    """Runs a command with this input and its output in a file; fails unless its status is 0."""
    begin = time.monotonic()
    with open(output, "wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.PIPE if source else subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT)
    feeder = threading.Thread(target=feed, args=(process, source))
    if source:
        feeder.start()
    peak_kib, user_s = 0, None
    while user_s is None:
        peak_kib = max(peak_kib, anonymous_kib(process.pid))
        if time.monotonic() > begin + LIMIT_S:
            process.kill()
        time.sleep(SAMPLED_EVERY_S)
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            user_s = used.ru_utime
    wall_s = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if source:
        feeder.join()
    if process.returncode:
        tail = output.read_bytes()[-2000:].decode(errors="replace")
        raise Failure(f"{' '.join(map(str, command))}: status {process.returncode}\n{tail}")
    return Usage(user_s, wall_s, peak_kib)


def feed(process, source):
    try:
        with process.stdin as pipe:
            pipe.write(source)
    except BrokenPipeError:
        pass                        # its status says why it has ended


def anonymous_kib(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^RssAnon:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0


def run(command):
    done = subprocess.run([os.fspath(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"{command[0]} failed: {done.stderr}")
    return done.stdout
