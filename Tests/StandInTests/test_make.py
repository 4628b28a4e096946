# The Makefile and the scripts that it calls, with a swift that only notes what it is asked for.
# SPDX-License-Identifier: Apache-2.0

import fnmatch
import re
import shutil
import socket
import threading
import unittest

from machine import ROOT, MachineTest
from support import Process
from local import free_port

LICENCE = "# SPDX-License-Identifier: Apache-2.0\n"
OTHER_BROKER = b"AMQP\x00\x00\x09\x01"


class Listener:
    """Something that listens, and answers a header with what it has to say."""

    def __init__(self, test, answer):
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        test.addCleanup(self._end)

    def _serve(self):
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            with peer:
                peer.recv(8)
                peer.sendall(self._answer)

    def _end(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()


class MakeTests(MachineTest):
    def setUp(self):
        super().setUp()
        self.fake("swift", 'echo "SENDER_BINARY=$SENDER_BINARY" >>' + f"'{self.notes}'")

    def copy(self):
        """The sources in a path with a space, with nothing to be tested by Python but one test."""
        place = self.folder / "a place"
        place.mkdir()
        for name in ("Makefile", "single-node.conf", ".clang-format"):
            shutil.copy(ROOT / name, place)
        for name in (".ci", "CShim", "Sources", "scripts"):
            shutil.copytree(ROOT / name, place / name, symlinks=True)
        (place / "scripts/install-needs.sh").write_text("#!/bin/sh\n" + LICENCE)
        tests = place / "Tests" / "StandInTests"
        tests.mkdir(parents=True)
        (tests / "test_one.py").write_text(
            LICENCE + "import unittest\nclass One(unittest.TestCase):\n    def test_it(self): pass\n")
        return place

    def test_a_path_with_a_space(self):
        place = self.copy()
        # They have looked at these sources before, and take long.
        for tool in ("shellcheck", "clang-format-14"):
            self.fake(tool)
        for target in ("test", "pipe"):
            self.notes.write_text("")
            status, output, errors = self.run_command("make", target, cwd=place)
            self.assertEqual(status, 0, output + errors)
            self.assertIn(f"SENDER_BINARY={place}/.build/release/sender", self.noted("SENDER_BINARY"))

    def test_every_build_is_without_colours_and_with_the_same_flags(self):
        place = self.copy()
        flags = self.run_command("make", "-s", "build-flags", cwd=place)[1].strip()
        self.assertIn("-warnings-as-errors", flags)
        for target in ("build", "build-tests", "deb", "demo", "test", "send", "pipe", "chaos",
                       "compatibility", "simulate", "simulate-3-faults", "bench", "bench-recovery", "bench-page", "fuzz"):
            _, output, _ = self.run_command("make", "-n", target, cwd=place)
            builds = re.findall("^.*swift build.*$", output, re.MULTILINE)
            self.assertTrue(builds, target)
            for build in builds:
                self.assertIn(f"TERM=dumb swift build {flags} ", build, target)

    def send(self, **ports):
        """`make send` up to the build, and whether it came so far."""
        all_ports = {"AMQP_PORT": free_port(), "BROKER_PORT": free_port(), "HTTP_PORT": "none",
                     **ports}
        self.fake("swift", "exit 7")
        status, _, errors = self.run_command(
            "make", "send", cwd=self.copy(), BROKER="stand-in", ROUTER="stand-in", **all_ports)
        self.assertNotEqual(status, 0)
        return errors, bool(self.noted("swift"))

    def test_free_ports_are_built_for(self):
        errors, has_built = self.send()
        self.assertTrue(has_built, errors)

    def test_a_port_that_is_taken_is_named_before_the_build(self):
        for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", OTHER_BROKER):
            for name in ("BROKER_PORT", "AMQP_PORT"):
                port = Listener(self, answer).port
                errors, has_built = self.send(**{name: port})
                self.assertFalse(has_built)
                self.assertIn(f"port {port} is taken by something that does not speak AMQP 1.0", errors)
                self.assertIn(f"stop it, or choose another port with {name}\n", errors)
                self.assertNotIn("Condition(", errors)
                self.assertEqual("a broker of AMQP 0-9-1" in errors, answer == OTHER_BROKER)
                shutil.rmtree(self.folder / "a place")

    def test_a_broker_in_the_routers_place_is_named_before_the_build(self):
        broker = Process("broker.py", "--listen", "127.0.0.1:0", "--store", self.folder / "store")
        self.addCleanup(broker.kill)
        broker.line("listening on")
        errors, has_built = self.send(AMQP_PORT=broker.port)
        self.assertFalse(has_built)
        self.assertIn("is answered by something that is no router", errors)
        self.assertIn("choose another port with AMQP_PORT", errors)

    def test_the_console_of_a_router_is_looked_at_before_the_build(self):
        port = Listener(self, b"").port
        errors, has_built = self.send(HTTP_PORT=port)
        self.assertFalse(has_built)
        self.assertIn(f"port {port}, for the router's web console, is taken", errors)

    def test_a_port_between_routers_is_named_by_its_variable(self):
        port = Listener(self, OTHER_BROKER).port
        _, _, errors = self.run_command(
            ROOT / "scripts/start-router.sh", "--look", ROOT / "dual-node-broker-side.conf",
            INTER_ROUTER_PORT=port, ROUTER="stand-in")
        self.assertIn("choose another port with INTER_ROUTER_PORT\n", errors)

    def test_a_router_without_link_routes_is_not_given_any(self):
        self.fake("skrouterd")
        for name, status in (("single-node", 1), ("message-route", 0)):
            ended, _, errors = self.run_command(
                ROOT / "scripts/start-router.sh", "--look", ROOT / f"{name}.conf",
                AMQP_PORT=free_port(), HTTP_PORT="none", ROUTER="skrouterd")
            self.assertEqual(ended, status, errors)
            self.assertEqual("skrouterd has no link routes" in errors, bool(status), errors)

    def test_a_port_that_an_option_gave_is_named_by_it(self):
        port = Listener(self, OTHER_BROKER).port
        status, _, errors = self.run_command(
            ROOT / "scripts/start-broker.sh", "--port", port, "--look", BROKER="stand-in")
        self.assertEqual(status, 1)
        self.assertIn("choose another port with --port\n", errors)

    def test_a_broker_that_is_slow_to_start_is_announced(self):
        home = self.folder / "artemis"
        (home / "bin").mkdir(parents=True)
        (home / "lib").mkdir()
        (home / "bin" / "artemis").write_text("#!/bin/sh\nexit 1\n")
        (home / "bin" / "artemis").chmod(0o755)
        self.fake("java")
        status, output, _ = self.run_command(
            ROOT / "scripts/start-broker.sh", "--background", "--port", free_port(),
            BROKER="artemis", ARTEMIS_HOME=home)
        self.assertEqual(status, 1)
        self.assertTrue(output.startswith("broker: starting artemis, which takes "), output)
        self.assertIn("BROKER=stand-in", output)


class InstallTests(MachineTest):
    """scripts/install.sh, with a program that prints nothing."""

    def install(self, *arguments, **environment):
        status, output, errors = self.run_command(
            ROOT / "scripts/install.sh", *arguments, SENDER_BINARY="/bin/true", **environment)
        self.assertEqual(status, 0, errors)
        return output

    def test_no_folder_is_left(self):
        for environment in ({"PREFIX": self.folder / "new" / "prefix"},
                            {"DESTDIR": self.folder / "new"},
                            {"PREFIX": f"{self.folder}/new/prefix/"},
                            {"PREFIX": "/opt/sender", "DESTDIR": self.folder / "new"}):
            self.install(**environment)
            self.assertTrue(list((self.folder / "new").rglob("sender")))
            self.install("--uninstall", **environment)
            left = list((self.folder / "new").rglob("*"))
            self.assertEqual(left, [], environment)

    def test_a_folder_with_something_else_stays(self):
        other = self.folder / "prefix" / "share" / "man" / "man1" / "other.1"
        other.parent.mkdir(parents=True)
        other.touch()
        self.install(PREFIX=self.folder / "prefix")
        self.install("--uninstall", PREFIX=self.folder / "prefix")
        left = [path for path in (self.folder / "prefix").rglob("*") if not path.is_dir()]
        self.assertEqual(left, [other])
        self.assertFalse((self.folder / "prefix" / "bin").exists())

    def test_fish_finds_what_is_installed_below_usr_local(self):
        self.install(DESTDIR=self.folder / "tree")
        places = self.run_command("fish", "-c", "string join \\n $fish_complete_path")[1].split("\n")
        found = [place for place in places if place.startswith("/")
                 and (self.folder / "tree" / place[1:] / "sender.fish").exists()]
        self.assertTrue(found, places)


class RecipeTests(unittest.TestCase):
    def test_git_ignores_what_the_recipes_write(self):
        documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
        text = "\n".join(document.read_text() for document in documents)
        commands = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
        written = set(re.findall(
            r"(?:-keyout|-out|--journal|--events|--rejected-file|>>?) *([a-z][\w.-]*)", commands))
        self.assertLessEqual({"broker.key", "client.pem", "password", "events.json"}, written)
        patterns = [line[1:] for line in (ROOT / ".gitignore").read_text().splitlines()
                    if line.startswith("/")]
        for name in written:
            self.assertTrue(any(fnmatch.fnmatch(name, pattern) for pattern in patterns), name)


if __name__ == "__main__":
    unittest.main()
