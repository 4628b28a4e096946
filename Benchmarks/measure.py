# Runs a row: a sink, perhaps TLS in front of it, and the program under callgrind and without.
# SPDX-License-Identifier: Apache-2.0

import collections
import os
import pathlib
import re
import resource
import shutil
import socket
import ssl
import subprocess
import threading
import time

EXAMPLES = pathlib.Path("/usr/share/proton/examples")
LIMIT_S = 900

# instructions: per message, or of a whole run for a row without counts. anonymous_kib: the peak. user_s and wall_s: of
# the larger number of messages, without callgrind.
Figure = collections.namedtuple("Figure", "row peer instructions user_s wall_s anonymous_kib")


class Failure(Exception):
    """What could not be measured, and why."""


class Sink:
    """Proton's direct.c, which accepts everything. It counts what arrived by a line for each message."""

    def __init__(self, program, count):
        self.arrived = 0
        self._process = subprocess.Popen([program, "127.0.0.1", "0", "examples", str(count)],
                                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        greeting = self._process.stdout.readline().decode().split()
        if greeting[:2] != ["listening", "on"]:
            raise Failure(f"the sink does not listen: {greeting}")
        self.port = int(greeting[2])
        self._reader = threading.Thread(target=self._count)
        self._reader.start()

    def _count(self):
        while block := self._process.stdout.read1(1 << 20):
            self.arrived += block.count(b"\n")

    def end(self):
        """Ends it, and returns how many messages arrived."""
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reader.join()
        self._process.wait()
        # Its last line is not a message's, if it has had all.
        return self.arrived - (1 if self._process.returncode == 0 else 0)


class TLSEnd:
    """TLS in front of a sink, for one connection."""

    def __init__(self, port, certificate, key):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sink_port = port
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with self._listener:
            plain, _ = self._listener.accept()
        try:
            client = self._context.wrap_socket(plain, server_side=True)
            sink = socket.create_connection(("127.0.0.1", self._sink_port))
        except OSError:
            return plain.close()
        # One thread a direction: a TLS socket may be read and written at once.
        back = threading.Thread(target=pump, args=(sink, client), daemon=True)
        back.start()
        pump(client, sink)
        back.join()


def pump(source, target):
    try:
        while block := source.recv(1 << 16):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass                        # one of the two has closed; the run says whether all was accepted


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
        """Whether a program is installed; it is run by that name from now on."""
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
            instructions = self._instructions(row, 0)
            return Figure(row.name, row.peer, instructions, *self._plain(row, 0))
        few, many = row.counts
        slope = (self._instructions(row, many) - self._instructions(row, few)) / (many - few)
        return Figure(row.name, row.peer, round(slope), *self._plain(row, many))

    def _instructions(self, row, count):
        out = self.folder / "callgrind.out"
        self._run(row, count, ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}"])
        return int(re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)[1])

    def _plain(self, row, count):
        begin = time.monotonic()
        user_s, anonymous_kib = self._run(row, count, [])
        return round(user_s, 3), round(time.monotonic() - begin, 3), anonymous_kib

    def _run(self, row, count, prefix):
        """Runs a program to its end; returns its user CPU and the peak of its anonymous memory."""
        for name in ("journal", "events"):
            (self.folder / name).unlink(missing_ok=True)
        sink = Sink(self._programs["direct"], 0 if "pre-settled" in row.name else count) if count else None
        try:
            command = [*prefix, *self._command(row, count, sink)]
            source = row.input(count) if row.input else None
            user_s, anonymous_kib = self._wait(command, source)
        finally:
            arrived = sink.end() if sink else count
        if arrived != count:
            raise Failure(f"{row.name}: {arrived} of {count} messages arrived")
        return user_s, anonymous_kib

    def _command(self, row, count, sink):
        program, arguments = self._programs[row.program], row.arguments(count)
        if sink is None:
            return [program, *arguments]
        port = TLSEnd(sink.port, self.certificate, self._key).port if row.uses_tls else sink.port
        where = f"127.0.0.1:{port}/examples"
        match row.program:
            case "sender":
                # A certificate's name is no IP address.
                url = f"amqps://localhost:{port}/examples" if row.uses_tls else f"amqp://{where}"
                return [program, "-a", url, *arguments]
            case "send":
                return [program, "127.0.0.1", str(port), "examples", *arguments]
            case "simple_send":
                return [program, "-a", where, *arguments]
            case "qpid-send":
                return [program, "-b", f"127.0.0.1:{port}", "-a", "examples", "--connection-options", "{protocol:amqp1.0}",
                        *arguments]

    def _wait(self, command, source):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        output = self.folder / "output"
        with open(output, "wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.PIPE if source else subprocess.DEVNULL, stdout=out,
                                       stderr=subprocess.STDOUT)
        feeder = threading.Thread(target=feed, args=(process, source))
        if source:
            feeder.start()
        peak_kib, deadline = 0, time.monotonic() + LIMIT_S
        while process.poll() is None:
            peak_kib = max(peak_kib, anonymous_kib(process.pid))
            if time.monotonic() > deadline:
                process.kill()
            time.sleep(0.002)
        if source:
            feeder.join()
        if process.returncode:
            tail = output.read_bytes()[-2000:].decode(errors="replace")
            raise Failure(f"{' '.join(map(str, command))}: status {process.returncode}\n{tail}")
        # The sink ends later, and is not counted here.
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, peak_kib


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
