# The stand-in broker: what it stores, what it grants, who it lets in.
# SPDX-License-Identifier: Apache-2.0

import json
import signal
import time
import unittest

from support import StandInTest, run


class BrokerTests(StandInTest):
    def stored(self):
        lines = [json.loads(line) for line in self.store.read_text().splitlines()]
        return [line["body"]["sequence"] for line in lines if "body" in line]

    def test_every_accepted_message_is_in_the_store_after_kill_9(self):
        broker = self.broker()
        client = self.client(broker.port)
        sender = client.sender("q")
        client.send_all(sender, 1, 500)
        broker.kill()
        self.assertEqual(client.states, ["accepted"] * 500)
        self.assertEqual(self.stored(), list(range(1, 501)))
        first = json.loads(self.store.read_text().splitlines()[0])
        self.assertEqual((first["address"], first["id"], first["durable"]), ("q", 1, True))

    def test_a_torn_last_line_is_removed_at_the_start(self):
        broker = self.broker()
        client = self.client(broker.port)
        client.send_all(client.sender("q"), 1, 3)
        broker.kill()
        whole = self.store.read_bytes()
        self.store.write_bytes(whole[:-7])
        broker = self.broker()
        client = self.client(broker.port)
        client.send_all(client.sender("q"), 4, 4)
        self.assertEqual(self.stored(), [1, 2, 4])

    def test_a_repeated_duplicate_id_is_accepted_and_not_stored_again(self):
        broker = self.broker("--duplicate-id-property", "my-id")
        for _ in range(2):
            client = self.client(broker.port)
            sender = client.sender("q")
            client.wait(lambda: sender.credit)
            client.send(sender, 1, properties={"my-id": "run-1"})
            client.wait(lambda: client.states == ["accepted"])
            broker.kill()
            broker = self.broker("--duplicate-id-property", "my-id")
        self.assertEqual(self.stored(), [1])

    def test_credit_is_1000_and_is_topped_up_when_300_are_left(self):
        broker = self.broker()
        client = self.client(broker.port)
        sender = client.sender("q")
        client.wait(lambda: sender.credit)
        self.assertEqual(sender.credit, 1000)
        client.send_all(sender, 1, 699)
        self.assertEqual(sender.credit, 301)
        client.send_all(sender, 700, 700)
        client.wait(lambda: sender.credit == 1000)

    def test_target_comes_back_as_it_was_asked_for(self):
        client = self.client(self.broker("--credit", "7").port)
        sender = client.sender("q", durability=2, capability="topic")
        client.wait(lambda: sender.credit)
        self.assertEqual(sender.credit, 7)
        self.assertEqual(client.attaches, [("q", 2, ["topic"])])

    def test_outcomes_may_be_delayed_by_what_is_said(self):
        broker = self.broker("--outcome-delay", "50")
        client = self.client(broker.port)
        begin = time.monotonic()
        client.send_all(client.sender("q"), 1, 3)
        elapsed_ms = (time.monotonic() - begin) * 1000
        line = broker.line("outcomes of ")
        waited_ms = float(line.split()[-2])
        self.assertTrue(50 <= waited_ms <= elapsed_ms, line)

    def test_another_durability_than_the_required_is_never_answered(self):
        client = self.client(self.broker("--require-durability", "2").port)
        client.sender("q", durability=0)
        client.sender("q", durability=2)
        client.wait(lambda: client.attaches)
        client.run_for(0.3)
        self.assertEqual(client.attaches, [("q", 2, ["queue"])])

    def test_plain_lets_anybody_in(self):
        client = self.client(self.broker().port, user="anybody", password="any")
        client.send_all(client.sender("q"), 1, 1)
        self.assertEqual(client.states, ["accepted"])

    def test_a_consumer_empties_the_queue_for_good_and_returns_what_it_holds(self):
        broker = self.broker()
        client = self.client(broker.port)
        client.send_all(client.sender("q"), 1, 5)
        idle = self.client(broker.port, accepts=False)
        idle.receiver("q", credit=2)
        idle.wait(lambda: len(idle.messages) == 2)
        idle.close()
        taker = self.client(broker.port)
        taker.receiver("q")
        taker.wait(lambda: len(taker.messages) == 5)
        self.assertEqual([body["sequence"] for body in taker.messages], [1, 2, 3, 4, 5])
        taker.wait(lambda: self.store.read_text().count('"consumed"') == 5)
        client.send_all(client.sender("other"), 6, 6)
        broker.kill()
        status, output = run("count.py", "queue", f"amqp://127.0.0.1:{self.broker().port}/q",
                             "--expect", 1, "--idle", 0.2)
        self.assertEqual((status, output.split()[1]), (1, "total=0"))

    def test_a_consumer_gets_what_arrives_while_it_waits(self):
        broker = self.broker()
        taker = self.client(broker.port)
        taker.receiver("q")
        taker.wait(lambda: taker.attaches)
        client = self.client(broker.port)
        client.send_all(client.sender("q"), 1, 3)
        taker.wait(lambda: len(taker.messages) == 3)

    def test_sigterm_ends_it_without_a_close(self):
        broker = self.broker()
        client = self.client(broker.port)
        broker.signal(signal.SIGTERM)
        client.wait(lambda: client.is_over)
        self.assertEqual(client.connection_ends, [])


if __name__ == "__main__":
    unittest.main()
