# Addresses that are not link-routed, at one router.
# SPDX-License-Identifier: Apache-2.0

import unittest

from support import StandInTest, connector

CONF = """
    router { mode: interior
             id: Plain }
    listener { host: 127.0.0.1
               port: 0
               linkCapacity: 250 }
    """


class MessageRouteTests(StandInTest):
    def setUp(self):
        super().setUp()
        self.router_port = self.router(CONF).port

    def sender(self):
        client = self.client(self.router_port)
        link = client.sender("other.address")
        client.wait(lambda: client.attaches)
        return client, link

    def consumer(self, credit=1000, **options):
        client = self.client(self.router_port, **options)
        client.receiver("other.address", credit=credit)
        client.wait(lambda: client.attaches)
        return client

    def test_the_attach_succeeds_and_no_credit_comes_without_a_consumer(self):
        client, link = self.sender()
        client.run_for(0.5)
        self.assertEqual(client.attaches, [("other.address", 2, ["queue"])])
        self.assertEqual(link.credit, 0)

    def test_with_a_consumer_come_credit_and_outcomes(self):
        client, link = self.sender()
        consumer = self.consumer()
        client.wait(lambda: link.credit)
        self.assertEqual(link.credit, 250)
        client.send(link, 1, 250)
        client.wait(lambda: client.states == ["accepted"] * 250 and link.credit == 250,
                    beside=[consumer])
        self.assertEqual(len(consumer.messages), 250)

    def test_messages_are_balanced_between_consumers(self):
        client, link = self.sender()
        consumers = [self.consumer(accepts=False), self.consumer(accepts=False)]
        client.wait(lambda: link.credit)
        client.send(link, 1, 100)
        client.wait(lambda: all(len(consumer.messages) == 50 for consumer in consumers),
                    beside=consumers)

    def test_when_the_last_consumer_leaves_the_credit_is_asked_back(self):
        client, link = self.sender()
        consumer = self.consumer(credit=3, accepts=False)
        client.wait(lambda: link.credit)
        client.send(link, 1, 5)
        client.wait(lambda: len(consumer.messages) == 3, beside=[consumer])
        consumer.close()
        client.wait(lambda: len(client.outcomes) == 5 and client.drains)
        self.assertEqual(sorted((tag, state) for tag, state, *_ in client.outcomes),
                         [(1, "modified"), (2, "modified"), (3, "modified"),
                          (4, "released"), (5, "released")])
        client.wait(lambda: link.credit == 0)
        self.consumer()
        client.wait(lambda: link.credit == 250)

    def test_a_sender_that_keeps_its_credit_gets_everything_released(self):
        client, link = self.sender()
        client.answers_drain = False
        consumer = self.consumer()
        client.wait(lambda: link.credit)
        consumer.close()
        client.wait(lambda: client.drains)
        client.send(link, 1, 250)
        client.wait(lambda: client.states == ["released"] * 250)
        client.run_for(0.2)
        self.assertEqual(link.credit, 0)


class AutoLinkTests(StandInTest):
    def test_messages_go_to_a_queue_of_the_broker_and_the_credit_is_asked_back_at_a_loss(self):
        port = self.reserve_port()
        router = self.router(CONF + connector(port) + """
            autoLink { address: queue.of.the.broker
                       direction: out
                       connection: broker1 }""")
        client = self.client(router.port)
        link = client.sender("queue.of.the.broker")
        broker = self.broker("--misbehave", "withhold-outcomes=251+", port=port)
        client.send_all(link, 1, 250)
        client.send(link, 251, 253)
        client.wait(lambda: self.store.read_text().count("\n") == 253)
        broker.kill()
        client.wait(lambda: len(client.outcomes) == 253 and client.drains and link.credit == 0)
        self.assertEqual(client.states, ["accepted"] * 250 + ["modified"] * 3)
        self.broker(port=port)
        client.send_all(link, 254, 260)


if __name__ == "__main__":
    unittest.main()
