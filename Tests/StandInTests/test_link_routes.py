# A client's link through one router to a broker: what is passed on, and how.
# SPDX-License-Identifier: Apache-2.0

import unittest

from proton import Terminus

from support import SIGTERM, StandInTest, single_node

REFUSED = [(None, None, None), (True, "qd:no-route-to-dest")]


class LinkRouteTests(StandInTest):
    def test_messages_reach_the_broker_and_outcomes_come_back(self):
        broker, router = self.routed()
        client = self.client(router.port)
        client.send_all(client.sender("link1.test"), 1, 2500)
        self.assertEqual(client.states, ["accepted"] * 2500)
        broker.kill()
        self.assertEqual(self.store.read_text().count("\n"), 2500)

    def test_the_attach_is_the_brokers_own(self):
        _, router = self.routed(broker_arguments=["--credit", "17"])
        client = self.client(router.port)
        sender = client.sender("link1.test", durability=2, capability="topic")
        client.wait(lambda: sender.credit)
        self.assertEqual(client.attaches, [("link1.test", 2, ["topic"])])
        self.assertEqual(sender.credit, 17)
        self.assertEqual(sender.remote_target.expiry_policy, Terminus.EXPIRE_WITH_SESSION)

    def test_the_open_is_that_of_a_router(self):
        _, router = self.routed()
        client = self.client(router.port)
        transport = client.connection.transport
        self.assertEqual(client.connection.remote_container, "Single")
        self.assertEqual(transport.remote_idle_timeout, 8.0)
        self.assertEqual(transport.remote_max_frame_size, 16384)
        self.assertIn("qd.streaming-links", client.connection.remote_offered_capabilities)

    def test_the_frames_are_those_of_a_router(self):
        broker, router = self.routed()
        client = self.client(router.port, keeps_frames=True)
        client.send_all(client.sender("link1.test"), 1, 1)
        broker.kill()
        client.wait(lambda: client.detaches)
        client.sender("link1.test")
        client.wait(lambda: len(client.detaches) == 2)
        attach, flow, accepted, lost, refused, no_route = client.frames[4:]
        self.assertIn("source=@source(40) [durable=0x0, expiry-policy=:session-end", attach)
        self.assertIn('target=@target(41) [address="link1.test", durable=0x2, '
                      "expiry-policy=:session-end", attach)
        self.assertIn("delivery-count=0x0, link-credit=0x3e8, drain=false", flow)
        self.assertIn("settled=true, state=@accepted", accepted)
        self.assertIn('closed=true, error=@error(29) [condition=:"qd:routed-link-lost", '
                      'description="Connectivity to the peer container was lost"', lost)
        self.assertNotIn("source", refused)
        self.assertNotIn("target", refused)
        self.assertIn('closed=true, error=@error(29) [condition=:"qd:no-route-to-dest", '
                      'description="No route to the destination node"', no_route)

    def test_large_messages_go_through_in_pieces(self):
        broker, router = self.routed()
        client = self.client(router.port)
        sender = client.sender("link1.test")
        client.wait(lambda: sender.credit)
        client.send(sender, 1, properties={"padding": "x" * 300_000})
        client.wait(lambda: client.states == ["accepted"])
        broker.kill()
        self.assertIn("x" * 300_000, self.store.read_text())

    def test_outcomes_keep_condition_flags_and_settlement(self):
        _, router = self.routed(broker_arguments=[
            "--misbehave", "reject=1:amqp:resource-limit-exceeded", "--misbehave", "release=2",
            "--misbehave", "modify=3", "--misbehave", "modify-undeliverable=4",
            "--misbehave", "settle=5"])
        client = self.client(router.port)
        client.send_all(client.sender("link1.test"), 1, 6)
        self.assertEqual(sorted(client.outcomes), [
            (1, "rejected", "amqp:resource-limit-exceeded", False, False, True),
            (2, "released", None, False, False, True),
            (3, "modified", None, True, False, True),
            (4, "modified", None, True, True, True),
            (5, "none", None, False, False, True),
            (6, "accepted", None, False, False, True)])

    def test_a_drain_of_the_broker_is_passed_on_and_the_credit_returned(self):
        _, router = self.routed(broker_arguments=["--misbehave", "drain=1"])
        client = self.client(router.port)
        sender = client.sender("link1.test")
        client.send_all(sender, 1, 1)
        client.wait(lambda: client.drains == 1 and sender.credit == 1000)
        client.send_all(sender, 2, 2)

    def test_a_receiver_gets_what_the_broker_has(self):
        _, router = self.routed()
        client = self.client(router.port)
        client.send_all(client.sender("link1.test"), 1, 50)
        client.receiver("link1.test", credit=20)
        client.wait(lambda: len(client.messages) == 20)
        link = client.receiver("link1.test", credit=100)
        client.wait(lambda: len(client.messages) == 50)
        client.wait(lambda: self.store.read_text().count('"consumed"') == 50)
        link.drain(0)
        client.wait(lambda: link.credit == 0 or link.drained())

    def test_a_pre_settled_message_arrives(self):
        _, router = self.routed()
        client = self.client(router.port)
        sender = client.sender("link1.test")
        client.wait(lambda: sender.credit)
        client.send(sender, 1)
        client.wait(lambda: client.states)
        delivery = sender.delivery("2")
        sender.stream(b"\x00\x53\x77\xa1\x012")
        sender.advance()
        delivery.settle()
        client.wait(lambda: self.store.read_text().count("\n") == 2)

    def test_an_unanswered_attach_stays_unanswered(self):
        _, router = self.routed(broker_arguments=["--misbehave", "withhold-attach=-1"])
        client = self.client(router.port)
        client.sender("link1.test")
        client.run_for(0.5)
        self.assertEqual(client.seen, [])
        client.send_all(client.sender("link1.test"), 1, 1)

    def test_the_brokers_refusal_is_passed_on(self):
        _, router = self.routed(broker_arguments=["--misbehave", "refuse-attach"])
        client = self.client(router.port)
        client.sender("link1.test")
        client.wait(lambda: client.detaches)
        self.assertEqual(client.seen, [(None, None, None), (True, "amqp:not-found")])

    def test_an_attach_for_which_the_session_is_ended_stays_unanswered(self):
        _, router = self.routed(broker_arguments=["--misbehave", "end-session-at-attach=1"])
        client = self.client(router.port)
        client.sender("link1.test")
        client.run_for(0.3)
        self.assertEqual((client.attaches, client.detaches), ([], []))
        client.sender("link1.test")
        client.wait(lambda: client.attaches)

    def test_the_brokers_detach_is_passed_on_as_it_is(self):
        _, router = self.routed(broker_arguments=[
            "--misbehave", "detach=1", "--misbehave", "close-link=2:amqp:resource-deleted"])
        client = self.client(router.port)
        client.send_all(client.sender("link1.test"), 1, 1)
        client.wait(lambda: client.detaches)
        client.send_all(client.sender("link1.test"), 2, 2)
        client.wait(lambda: len(client.detaches) == 2)
        self.assertEqual(client.detaches, [(False, None), (True, "amqp:resource-deleted")])

    def test_a_close_by_the_client_is_answered_and_the_name_is_free_again(self):
        _, router = self.routed()
        client = self.client(router.port)
        for number in range(1, 4):
            sender = client.sender("link1.test", name="again")
            client.send_all(sender, number, number)
            sender.close()
            client.wait(lambda: len(client.detaches) == number)
        self.assertEqual(client.detaches, [(True, None)] * 3)

    def test_without_a_broker_the_attach_has_no_target_and_is_closed(self):
        router = self.router(single_node(self.reserve_port()))
        client = self.client(router.port)
        for attempt in range(1, 4):
            client.sender("link1.test")
            client.wait(lambda: len(client.detaches) == attempt)
        self.assertEqual(client.seen, REFUSED * 3)

    def test_the_route_comes_up_when_the_broker_does_and_again_after_a_kill(self):
        port = self.reserve_port()
        router = self.router(single_node(port))
        for count in (1, 2):
            broker = self.broker(port=port)
            router.line("route up: link1", count)
            client = self.client(router.port)
            client.send_all(client.sender("link1.test"), 1, 1)
            broker.kill()
            router.line("route down: link1", count)

    def test_an_attach_that_the_broker_never_answers_ends_with_the_broker(self):
        broker, router = self.routed(broker_arguments=["--misbehave", "withhold-attach"])
        client = self.client(router.port)
        client.sender("link1.test")
        client.wait_until_read()
        broker.kill()
        client.wait(lambda: client.detaches)
        self.assertEqual(client.seen[1:], [(None, None, None), (True, "qd:routed-link-lost")])

    def test_sigterm_ends_the_router_without_a_close(self):
        _, router = self.routed()
        client = self.client(router.port)
        router.signal(SIGTERM)
        client.wait(lambda: client.is_over)
        self.assertEqual(client.connection_ends, [])

    def test_the_idle_time_out_is_the_configured_one(self):
        broker = self.broker()
        conf = single_node(broker.port).replace("port: 0", "port: 0\nidleTimeoutSeconds: 2")
        router = self.router(conf)
        self.assertEqual(self.client(router.port).connection.transport.remote_idle_timeout, 1.0)


if __name__ == "__main__":
    unittest.main()
