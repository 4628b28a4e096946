# The loss of the broker behind a link, as its client sees it.
# SPDX-License-Identifier: Apache-2.0

import socket
import time
import unittest

from support import SIGCONT, SIGSTOP, StandInTest, single_node

LOST = (True, "qd:routed-link-lost")
ROUTING_FAILURE = ("rejected", "amqp:precondition-failed")


class LinkLossTests(StandInTest):
    def in_flight(self, count, router_arguments=(), **options):
        """A client with `count` messages in flight, which the broker has and does not answer."""
        broker, router = self.routed(router_arguments, ["--misbehave", "withhold-outcomes"])
        client = self.client(router.port, **options)
        sender = client.sender("link1.test")
        client.wait(lambda: sender.credit)
        client.send(sender, 1, count)
        client.wait(lambda: self.store.read_text().count("\n") == count)
        return broker, router, client, sender

    def test_killed_with_nothing_in_flight(self):
        broker, router = self.routed()
        client = self.client(router.port)
        client.send_all(client.sender("link1.test"), 1, 10)
        broker.kill()
        client.wait(lambda: client.detaches)
        client.sender("link1.test")
        client.wait(lambda: len(client.detaches) == 2)
        self.assertEqual(client.seen[11:], [LOST, (None, None, None),
                                            (True, "qd:no-route-to-dest")])
        self.assertEqual(client.states, ["accepted"] * 10)

    def test_killed_in_flight_most_are_modified_each_tenth_gets_nothing(self):
        broker, _, client, _ = self.in_flight(25)
        broker.kill()
        client.wait(lambda: client.detaches)
        self.assertEqual([outcome.tag for outcome in client.outcomes],
                         [tag for tag in range(1, 26) if tag % 10])
        self.assertEqual({outcome[1:] for outcome in client.outcomes},
                         {("modified", None, True, False, True)})
        self.assertEqual(client.seen[-1], LOST)

    def test_outcomes_at_a_loss_can_be_chosen(self):
        for choice, count in (("modified", 20), ("none", 0)):
            broker, _, client, _ = self.in_flight(20, ["--loss-outcomes", choice])
            broker.kill()
            client.wait(lambda: client.detaches)
            self.assertEqual(client.states, ["modified"] * count)
            self.store.unlink()

    def test_a_hanging_broker_is_given_up_with_modified_for_all(self):
        broker, router, client, sender = self.in_flight(5, ["--broker-idle-timeout", "4"])
        broker.signal(SIGSTOP)
        client.send(sender, 6, 30)
        client.wait(lambda: client.detaches)
        self.assertEqual(client.states, ["modified"] * 30)
        self.assertEqual(client.seen[-1], LOST)
        broker.signal(SIGCONT)
        router.line("route up: link1", 2)
        client.sender("link1.test")
        client.wait(lambda: len(client.attaches) == 2)

    def test_what_had_not_left_the_router_is_released(self):
        broker, router = self.routed(["--broker-idle-timeout", "60", "--loss-outcomes", "modified"],
                                     ["--misbehave", "withhold-outcomes"])
        client = self.client(router.port)
        sender = client.sender("link1.test")
        client.wait(lambda: sender.credit)
        broker.signal(SIGSTOP)
        client.send(sender, 1, 200, properties={"padding": "x" * 100_000})
        client.wait_until_read()
        broker.kill()
        client.wait(lambda: client.detaches)
        self.assertEqual(set(client.states), {"modified", "released"})
        self.assertEqual(client.states, sorted(client.states), "modified first, then released")
        self.assertEqual(len(client.states), 200)

    def test_what_comes_behind_the_detach_is_rejected(self):
        broker, _, client, sender = self.in_flight(1, ["--loss-outcomes", "none"],
                                                   answers_detach=False)
        broker.kill()
        client.wait(lambda: client.detaches)
        client.send(sender, 2, 3)
        client.wait(lambda: len(client.outcomes) == 2)
        self.assertEqual([outcome[1:3] for outcome in client.outcomes], [ROUTING_FAILURE] * 2)
        self.assertIsInstance(client.seen[-1], type(client.outcomes[0]))

    def test_none_is_rejected_if_asked_for(self):
        broker, _, client, sender = self.in_flight(1, ["--routing-failures", "none"],
                                                   answers_detach=False)
        broker.kill()
        client.wait(lambda: client.detaches)
        client.send(sender, 2)
        client.run_for(0.3)
        self.assertEqual([outcome.tag for outcome in client.outcomes], [1])

    def test_the_detach_can_wait_for_a_rejection(self):
        broker, router, client, sender = self.in_flight(1, ["--routing-failures", "before",
                                                            "--detach-hold", "20"],
                                                        answers_detach=False)
        broker.kill()
        router.line("route down: link1")
        client.send(sender, 2)
        client.wait(lambda: client.detaches)
        client.send(sender, 3)
        client.run_for(0.3)
        self.assertEqual([entry[1] for entry in client.seen[1:]],
                         ["modified", "rejected", "qd:routed-link-lost"])

    def test_both_before_and_behind_the_detach(self):
        broker, router, client, sender = self.in_flight(1, ["--routing-failures", "both",
                                                            "--detach-hold", "20"],
                                                        answers_detach=False)
        broker.kill()
        router.line("route down: link1")
        client.send(sender, 2)
        client.wait(lambda: client.detaches)
        client.send(sender, 3)
        client.wait(lambda: len(client.outcomes) == 3)
        self.assertEqual([entry[1] for entry in client.seen[1:]],
                         ["modified", "rejected", "qd:routed-link-lost", "rejected"])

    def test_without_a_message_the_detach_comes_all_the_same(self):
        broker, _, client, _ = self.in_flight(1, ["--routing-failures", "before"])
        broker.kill()
        client.wait(lambda: client.detaches)

    def test_a_router_that_never_detaches_rejects_and_gives_credit(self):
        broker, router, client, sender = self.in_flight(1, ["--routing-failures",
                                                            "without-detach"])
        broker.kill()
        router.line("route down: link1")
        credit = sender.credit
        client.send(sender, 2, 4)
        client.wait(lambda: len(client.outcomes) == 4 and sender.credit == credit)
        self.assertEqual([outcome[1:3] for outcome in client.outcomes[1:]], [ROUTING_FAILURE] * 3)
        client.run_for(1.5)
        self.assertEqual(client.detaches, [])

    def test_the_hole_is_the_same_for_a_receiver(self):
        broker, router = self.routed()
        client = self.client(router.port)
        client.receiver("link1.test")
        client.wait(lambda: client.attaches)
        broker.kill()
        client.wait(lambda: client.detaches)
        self.assertEqual(client.detaches, [LOST])

    def test_a_terminus_that_survives_is_detached_and_not_closed(self):
        broker, router = self.routed()
        client = self.client(router.port)
        sender = client.session.sender("lasting")
        sender.target.address = "link1.test"
        sender.target.timeout = 10
        sender.open()
        client.wait(lambda: client.attaches)
        broker.kill()
        client.wait(lambda: client.detaches)
        self.assertEqual(client.detaches, [(False, "qd:routed-link-lost")])

    def test_the_client_may_go_on_on_the_same_connection(self):
        port = self.reserve_port()
        router = self.router(single_node(port))
        client = self.client(router.port)
        for count in range(1, 4):
            broker = self.broker(port=port)
            router.line("route up: link1", count)
            client.send_all(client.sender("link1.test"), 1, 10)
            broker.kill()
            client.wait(lambda: len(client.detaches) == count)
        self.assertEqual(client.detaches, [LOST] * 3)

    def test_how_often_a_connector_tries_can_be_chosen(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.router(single_node(listener.getsockname()[1]), "--connector-retry", "0.01")
            until = time.monotonic() + 20       # every second would take half as much again
            for _ in range(30):
                listener.settimeout(max(0.001, until - time.monotonic()))
                peer, _ = listener.accept()
                peer.close()


if __name__ == "__main__":
    unittest.main()
