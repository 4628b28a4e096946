# count.py, take.py and probe.py.
# SPDX-License-Identifier: Apache-2.0

import json
import socket
import threading
import unittest
import uuid

from proton import Message, int32, symbol, timestamp, ulong

from support import StandInTest, run, single_node


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

    def test_nobody_to_count_at(self):
        status, output = run("count.py", "queue", f"amqp://127.0.0.1:{self.reserve_port()}/q",
                             "--expect", 1)
        self.assertEqual(status, 1)
        self.assertIn("Connection refused", output)


class TakeTests(StandInTest):
    def setUp(self):
        super().setUp()
        port = self.broker().port
        self.url = f"amqp://127.0.0.1:{port}/q"
        self.sending = self.client(port)
        self.link = self.sending.sender("q")

    def take(self, *options):
        status, output = run("take.py", self.url, *options)
        self.assertEqual(status, 0)
        first, *lines = output.splitlines()
        self.assertEqual(first, "ready")
        return [json.loads(line) for line in lines]

    def test_every_value_has_its_type(self):
        unique = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
        message = Message(id=ulong(1), subject="s", priority=7, user_id=b"me", body="x")
        message.annotations = {symbol("x-a"): [True]}
        message.properties = {"i": int32(-1), "l": 5, "d": 1.5, "y": symbol("y"), "u": unique,
                              "t": timestamp(5), "s": "x", "n": None}
        self.sending.wait(lambda: self.link.credit > 0, "credit")
        self.link.send(message)
        self.sending.wait(lambda: self.sending.outcomes, "its outcome")
        self.assertEqual(self.take("--count", 1, "--idle", 30), [{
            "consumer": 0,
            "header": {"priority": "ubyte:7"},
            "annotations": {"symbol:x-a": ["bool:true"]},
            "properties": {"message-id": "ulong:1", "subject": "string:s",
                           "user-id": "binary:6d65"},
            "application-properties": {
                "i": "int:-1", "l": "long:5", "d": "double:1.5", "y": "symbol:y",
                "u": f"uuid:{unique}", "t": "timestamp:5", "s": "string:x", "n": "null:None"},
            "value": "string:x"}])

    def test_all_that_is_there_is_taken(self):
        self.sending.send_all(self.link, 1, 700)
        taken = self.take("--idle", 3, "--consumers", 2)
        self.assertEqual(sorted(line["value"]["sequence"] for line in taken),
                         sorted(f"long:{number}" for number in range(1, 701)))
        self.assertEqual(self.take("--idle", 0.2), [])

    def test_nobody_to_take_from(self):
        status, output = run("take.py", f"amqp://127.0.0.1:{self.reserve_port()}/q")
        self.assertEqual(status, 1)
        self.assertIn("Connection refused", output)


class ProbeTests(StandInTest):
    def test_an_amqp_peer_says_who_it_is(self):
        port = self.broker("--container-id", "me").port
        self.assertEqual(run("probe.py", f"127.0.0.1:{port}"),
                         (0, "container=me product=stand-in-broker version=1\n"))

    def test_nobody(self):
        status, output = run("probe.py", f"127.0.0.1:{self.reserve_port()}")
        self.assertEqual((status, output), (1, "nobody listens: [Errno 111] Connection refused\n"))

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
