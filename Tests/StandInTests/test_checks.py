# count.py, receive.py and probe.py.
# SPDX-License-Identifier: Apache-2.0

import json
import os
import signal
import socket
import subprocess
import threading
import unittest
import uuid

from proton import Message, int32, symbol, timestamp, ulong

from support import STAND_IN, StandInTest, run, single_node

RECEIVE = STAND_IN.parent / "receive.py"


class CountTests(StandInTest):
    def setUp(self):
        super().setUp()
        self.port = self.broker().port
        self.sending = self.client(self.port)
        self.link = self.sending.sender("q")

    def test_a_complete_store(self):
        self.sending.send_all(self.link, 1, 10)
        self.assertEqual(run("count.py", "store", self.store, "--expect", 10),
                         (0, "distinct=10 total=10 missing=[] duplicates=0\n"))

    def test_missing_and_duplicate_messages(self):
        for first, last in ((1, 3), (3, 3), (7, 7)):
            self.sending.send_all(self.link, first, last)
        self.assertEqual(run("count.py", "store", self.store, "--expect", 8),
                         (1, "distinct=4 total=5 missing=[4-6,8] duplicates=1\n"))

    def test_a_queue_is_drained(self):
        self.sending.send_all(self.link, 1, 1200)
        url = f"amqp://127.0.0.1:{self.port}/q"
        self.assertEqual(run("count.py", "queue", url, "--expect", 1200, "--idle", 3),
                         (0, "distinct=1200 total=1200 missing=[] duplicates=0\n"))
        self.assertEqual(run("count.py", "queue", url, "--expect", 1, "--idle", 0.2,
                             "--user", "me", "--password", "secret"),
                         (1, "distinct=0 total=0 missing=[1] duplicates=0\n"))

    def test_what_is_behind_the_last_one_can_be_left(self):
        self.sending.send_all(self.link, 1, 9)
        url = f"amqp://127.0.0.1:{self.port}/q"
        status, output = run("count.py", "queue", url, "--expect", 2, "--idle", 60, "--leave")
        self.assertEqual(status, 0)
        self.assertIn("missing=[]", output)
        self.assertEqual(run("count.py", "queue", url, "--expect", 2, "--idle", 3),
                         (1, "distinct=7 total=7 missing=[1-2] duplicates=0\n"))

    def test_nobody_to_count_at(self):
        status, output = run("count.py", "queue", f"amqp://127.0.0.1:{self.reserve_port()}/q",
                             "--expect", 1)
        self.assertEqual(status, 1)
        self.assertIn("Connection refused", output)


class ReceiveTests(StandInTest):
    def setUp(self):
        super().setUp()
        port = self.broker().port
        self.url = f"amqp://127.0.0.1:{port}/q"
        self.sending = self.client(port)
        self.link = self.sending.sender("q")

    def receive(self, *options, url=None):
        """Status, the objects that are printed, and what is said."""
        result = subprocess.run(
            ["/usr/bin/python3", str(RECEIVE), url or self.url, *map(str, options)],
            capture_output=True, text=True, timeout=120, check=False)
        return result.returncode, result.stdout.splitlines(), result.stderr

    def objects(self, *options):
        status, lines, said = self.receive(*options)
        self.assertEqual((status, said), (0, "receive.py: receiving from q\n"))
        return [json.loads(line) for line in lines]

    def send(self, *messages):
        self.sending.wait(lambda: self.link.credit > 0, "credit")
        done = len(self.sending.outcomes)
        for message in messages:
            self.link.send(message)
        self.sending.wait(lambda: len(self.sending.outcomes) == done + len(messages),
                          "the outcomes")

    def sample(self):
        unique = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
        message = Message(id=ulong(1), subject="s", priority=7, user_id=b"me", body="x")
        message.annotations = {symbol("x-a"): [True]}
        message.properties = {"i": int32(-1), "l": 5, "d": 1.5, "y": symbol("y"), "u": unique,
                              "t": timestamp(5), "s": "x", "n": None, "a:b": "c"}
        return message

    def test_every_value_has_its_type(self):
        self.send(self.sample())
        unique = "00112233-4455-6677-8899-aabbccddeeff"
        self.assertEqual(self.objects("--messages", 1, "--typed"), [{
            "consumer": 0,
            "header": {"priority": "ubyte:7"},
            "annotations": {"symbol:x-a": ["bool:true"]},
            "properties": {"message-id": "ulong:1", "subject": "string:s",
                           "user-id": "binary:6d65"},
            "application-properties": {
                "i": "int:-1", "l": "long:5", "d": "double:1.5", "y": "symbol:y",
                "u": f"uuid:{unique}", "t": "timestamp:5", "s": "string:x", "n": "null:None",
                "a:b": "string:c"},
            "value": "string:x"}])

    def test_lines_are_those_that_the_sender_takes(self):
        other = Message(id="i", correlation_id=uuid.UUID(int=1), body=b"\x00\xff", durable=True,
                        inferred=True, ttl=5, address="a", reply_to="r", content_type="text/plain",
                        content_encoding="gzip", group_id="g", group_sequence=3,
                        reply_to_group_id="h", creation_time=1.5, user_id=b"\xff")
        numbers = Message(id=b"\x01", body={"f": float("nan"), "l": [1, ulong(2)]})
        self.send(self.sample(), other, numbers, Message(body=ulong(3)), Message(body=None))
        self.assertEqual(self.objects("--idle", 3), [
            {"annotations": {"x-a": [True]},
             "application_properties": {
                 "i:int": -1, "l": 5, "d": 1.5, "y:symbol": "y", "s": "x", "n": None,
                 "u:uuid": "00112233-4455-6677-8899-aabbccddeeff", "t:timestamp": 5,
                 "a:b:string": "c"},
             "body": "x", "durable": False, "id": 1, "priority": 7, "subject": "s",
             "user_id": "me"},
            {"body": "AP8=", "body_type": "binary", "durable": True, "id": "i",
             "correlation_id:uuid": "00000000-0000-0000-0000-000000000001", "ttl": 5000,
             "to": "a", "reply_to": "r", "content_type": "text/plain", "content_encoding": "gzip",
             "group_id": "g", "group_sequence": 3, "reply_to_group_id": "h",
             "creation_time": 1500, "user_id:binary": "/w=="},
            {"body": {"f": "NaN", "l": [1, 2]}, "durable": False, "id:binary": "AQ=="},
            {"body": 3, "body_type": "ulong", "durable": False},
            {"body": None, "durable": False}])

    def test_all_that_is_there_is_taken(self):
        self.sending.send_all(self.link, 1, 700)
        taken = self.objects("--idle", 3, "--consumers", 2)
        self.assertEqual(sorted(line["body"]["sequence"] for line in taken),
                         list(range(1, 701)))
        self.assertEqual(self.objects("--idle", 0.2), [])

    def test_no_more_is_taken_than_was_asked_for(self):
        self.sending.send_all(self.link, 1, 5)
        self.assertEqual(len(self.objects("-m", 2)), 2)
        self.assertEqual([line["body"]["sequence"] for line in self.objects("--idle", 3)],
                         [3, 4, 5])

    def run_of(self, name, *numbers):
        # Not the property by which the broker drops repeats.
        return [Message(body="x", properties={"run": f"{name}-{number}"}) for number in numbers]

    def count(self, *options):
        status, lines, _ = self.receive("--idle", 3, "--duplicate-id", "run", *options)
        return status, lines

    def test_a_run_is_counted(self):
        self.send(*self.run_of("r", 1, 2, 3), *self.run_of("r-1", 1), Message(body="x"))
        self.assertEqual(self.count("--count", "r", "--strict"), (0, [
            "distinct=3 total=3 missing=[] duplicates=0 first-out-of-order=none others=2"]))
        # All of it is taken.
        self.assertEqual(self.count("--count", "r"), (1, [
            "distinct=0 total=0 missing=[] duplicates=0 first-out-of-order=none"]))

    def test_what_is_wrong_with_a_run(self):
        for numbers, options, status, text in (
                ((1, 3, 2, 5, 2), (), 1,
                 "distinct=4 total=5 missing=[4] duplicates=1 first-out-of-order=2"),
                ((1, 2, 3), ("-m", 5), 1,
                 "distinct=3 total=3 missing=[4-5] duplicates=0 first-out-of-order=none"),
                ((1, 2, 1), (), 0, "distinct=2 total=3 missing=[] duplicates=1 first-out-of-order=none"),
                ((1, 2, 1), ("--strict",), 1,
                 "distinct=2 total=3 missing=[] duplicates=1 first-out-of-order=none"),
                ((2, 1), ("--strict",), 1,
                 "distinct=2 total=2 missing=[] duplicates=0 first-out-of-order=1")):
            self.send(*self.run_of("r", *numbers))
            self.assertEqual(self.count("--count", "r", *options), (status, [text]))

    def test_all_are_counted_without_a_run(self):
        self.sending.send_all(self.link, 1, 3)
        self.assertEqual(self.count("-m", 3, "--count"), (0, [
            "distinct=3 total=3 missing=[] duplicates=0 first-out-of-order=none"]))

    def test_a_signal_ends_the_waiting(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with subprocess.Popen(["/usr/bin/python3", str(RECEIVE), self.url],
                                  stderr=subprocess.PIPE, text=True) as process:
                self.assertIn("receiving", process.stderr.readline())
                process.send_signal(number)
                self.assertEqual(process.wait(30), 0)

    def test_a_message_that_no_reader_gets_stays_in_the_queue(self):
        self.sending.send_all(self.link, 1, 3)
        reader, writer = os.pipe()
        os.close(reader)
        result = subprocess.run(["/usr/bin/python3", str(RECEIVE), self.url], stdout=writer,
                                stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        os.close(writer)
        self.assertEqual((result.returncode, result.stderr), (0, "receive.py: receiving from q\n"))
        self.assertEqual([line["body"]["sequence"] for line in self.objects("--idle", 3)],
                         [1, 2, 3])

    def test_nobody_to_receive_from(self):
        status, lines, said = self.receive(url=f"amqp://127.0.0.1:{self.reserve_port()}/q")
        self.assertEqual((status, lines), (2, []))
        self.assertIn("Connection refused", said)

    def test_wrong_usage(self):
        for options, url, words in (
                (("--strict",), None, "--strict has no effect without --count: add that"),
                ((), "amqps://h/q", "'amqps://h/q' is not amqp://HOST:PORT/ADDRESS"),
                (("-m", "0"), None, "'0' is not a whole number above 0"),
                (("--idle", "x"), None, "'x' is not a number of seconds above 0")):
            status, lines, said = self.receive(*options, url=url)
            self.assertEqual((status, lines), (64, []))
            self.assertIn(words, said)


class ProbeTests(StandInTest):
    def test_an_amqp_peer_says_who_it_is(self):
        port = self.broker("--container-id", "me").port
        self.assertEqual(run("probe.py", f"127.0.0.1:{port}"),
                         (0, "container=me product=stand-in-broker version=1\n"))

    def test_nobody(self):
        status, output = run("probe.py", f"127.0.0.1:{self.reserve_port()}")
        self.assertEqual((status, output), (1, "nothing listens: [Errno 111] Connection refused\n"))

    def test_strangers(self):
        for greeting in (b"SSH-2.0-stranger\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b""):
            with Stranger(greeting) as port:
                status, _ = run("probe.py", f"127.0.0.1:{port}", "--timeout", 1)
            self.assertEqual(status, 3, greeting)

    def test_credit_for_an_address(self):
        broker, router = self.routed()
        peer = f"127.0.0.1:{router.port}"
        self.assertEqual(run("probe.py", peer, "--address", "link1.test")[0], 0)
        self.assertEqual(run("probe.py", peer, "--address", "other", "--timeout", 3)[0], 4)
        broker.kill()
        router.line("route down")
        status, output = run("probe.py", peer, "--address", "link1.test")
        self.assertEqual(status, 4)
        self.assertIn("qd:no-route-to-dest", output)

    def test_waiting_until_it_holds(self):
        broker_port, router_port = self.reserve_port(), self.reserve_port()
        results = []
        waiting = threading.Thread(target=lambda: results.append(run(
            "probe.py", f"127.0.0.1:{router_port}", "--address", "link1.test", "--wait", 30)))
        waiting.start()
        self.router(single_node(broker_port, router_port))
        self.broker(port=broker_port)
        waiting.join()
        self.assertEqual(results[0][0], 0)

    def test_a_peer_that_refuses_the_login_is_an_amqp_peer(self):
        port = self.broker("--misbehave", "refuse-login").port
        status, output = run("probe.py", f"127.0.0.1:{port}")
        self.assertEqual((status, output), (0, "an AMQP peer that refuses the login\n"))


class Stranger:
    """Something that listens, greets, and is not AMQP."""

    def __init__(self, greeting):
        self._greeting = greeting
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self._socket.getsockname()[1]

    def _serve(self):
        peer, _ = self._socket.accept()
        with peer:
            peer.sendall(self._greeting)
            while True:
                try:
                    if not peer.recv(1024):
                        return
                except OSError:
                    return

    def __exit__(self, *_):
        self._thread.join()
        self._socket.close()


if __name__ == "__main__":
    unittest.main()
