# Two routers, the client at one, the broker at the other.
# SPDX-License-Identifier: Apache-2.0

import unittest

from support import StandInTest, connector, link_routes

LOST = (True, "qd:routed-link-lost")
REFUSED = (True, "qd:no-route-to-dest")


class TwoRouterTests(StandInTest):
    def setUp(self):
        super().setUp()
        self.broker_port = self.reserve_port()
        self.middle_port = self.reserve_port()
        self.near = self.router(f"""
            router {{ mode: interior
                      id: Client.Side }}
            listener {{ host: 127.0.0.1
                        port: 0 }}
            {connector(self.middle_port, "inter-router")}
            {link_routes()}""")

    def start_far(self):
        far = self.router(f"""
            router {{ mode: interior
                      id: Broker.Side }}
            listener {{ host: 127.0.0.1
                        port: {self.middle_port}
                        role: inter-router }}
            listener {{ host: 127.0.0.1
                        port: 0 }}
            {connector(self.broker_port)}
            {link_routes("broker1")}""")
        far.line("listening on", 2)
        return far

    def everything(self, *broker_arguments):
        far = self.start_far()
        broker = self.broker(*broker_arguments, port=self.broker_port)
        self.near.line("route up: link1")
        return broker, far, self.client(self.near.port)

    def test_messages_and_outcomes_travel_through_both(self):
        _, _, client = self.everything("--misbehave", "reject=7:amqp:not-allowed")
        client.send_all(client.sender("link1.test"), 1, 1500)
        self.assertEqual(client.attaches, [("link1.test", 2, ["queue"])])
        self.assertEqual([outcome[:3] for outcome in client.outcomes
                          if outcome.state != "accepted"], [(7, "rejected", "amqp:not-allowed")])
        client.receiver("link1.test", credit=2000)
        client.wait(lambda: len(client.messages) == 1499)

    def test_the_broker_is_killed(self):
        broker, _, client = self.everything("--misbehave", "withhold-outcomes=6+")
        sender = client.sender("link1.test")
        client.wait(lambda: sender.credit)
        client.send(sender, 1, 10)
        client.wait(lambda: self.store.exists() and self.store.read_text().count("\n") == 10)
        client.wait(lambda: client.states.count("accepted") == 5)
        broker.kill()
        client.wait(lambda: client.detaches)
        self.assertEqual(client.states, ["accepted"] * 5 + ["modified"] * 5)
        self.near.line("route down: link1")
        client.sender("link1.test")
        client.wait(lambda: len(client.detaches) == 2)
        self.assertEqual(client.detaches, [LOST, REFUSED])
        self.broker(port=self.broker_port)
        self.near.line("route up: link1", 2)
        client.send_all(client.sender("link1.test"), 11, 20)

    def test_the_router_at_the_brokers_side_is_killed(self):
        _, far, client = self.everything("--misbehave", "withhold-outcomes=6+")
        sender = client.sender("link1.test")
        client.send_all(sender, 1, 5)
        client.send(sender, 6, 8)
        client.wait(lambda: self.store.read_text().count("\n") == 8)
        far.kill()
        client.wait(lambda: client.detaches)
        self.assertEqual(client.states, ["accepted"] * 5 + ["modified"] * 3)
        client.sender("link1.test")
        client.wait(lambda: len(client.detaches) == 2)
        self.assertEqual(client.detaches, [LOST, REFUSED])
        self.start_far()
        self.near.line("route up: link1", 2)
        link = client.sender("link1.test")
        client.wait(lambda: link.credit)

    def test_a_consumer_at_the_other_router_gives_credit(self):
        far = self.start_far()
        far_client = self.client(far.ports[1])
        client = self.client(self.near.port)
        sender = client.sender("plain.address")
        client.wait(lambda: client.attaches)
        client.run_for(0.3)
        self.assertEqual(sender.credit, 0)
        consumer = far_client.receiver("plain.address")
        far_client.wait(lambda: far_client.attaches)
        client.wait(lambda: sender.credit == 250)
        client.send(sender, 1, 3)
        client.wait(lambda: client.states == ["accepted"] * 3, beside=[far_client])
        self.assertEqual(len(far_client.messages), 3)
        consumer.close()
        far_client.wait(lambda: far_client.detaches)
        client.wait(lambda: client.drains and sender.credit == 0)


if __name__ == "__main__":
    unittest.main()
