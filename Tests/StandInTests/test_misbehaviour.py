# Every misbehaviour of the table, as a client sees it; at the broker, and at the router.
# SPDX-License-Identifier: Apache-2.0

import argparse
import unittest

from support import StandInTest, single_node
from peers.faults import TABLE, Fault


def flags(*faults):
    return [word for fault in faults for word in ("--misbehave", fault)]


class Misbehaviours:
    """The same tests for both kinds of peers."""

    address = "link1.test"

    def peer(self, *faults):
        raise NotImplementedError

    def sending(self, count, *faults, **options):
        """A client that has sent `count` messages to a peer with these faults."""
        client = self.client(self.peer(*faults), **options)
        sender = client.sender(self.address)
        client.wait(lambda: sender.credit)
        client.send(sender, 1, count)
        return client, sender

    def states(self, count, *faults):
        client, _ = self.sending(count, *faults)
        client.wait(lambda: len(client.outcomes) == count)
        return client, {outcome.tag: outcome.state for outcome in client.outcomes}

    def test_every_third_is_rejected_with_a_condition(self):
        client, states = self.states(9, "reject=%3:amqp:not-allowed")
        self.assertEqual([tag for tag in states if states[tag] == "rejected"], [3, 6, 9])
        self.assertEqual({outcome.condition for outcome in client.outcomes},
                         {None, "amqp:not-allowed"})

    def test_some_are_released_modified_and_settled_without_a_state(self):
        client, states = self.states(
            8, "release=2", "modify=3", "modify-undeliverable=4", "settle=7+")
        self.assertEqual(states, {1: "accepted", 2: "released", 3: "modified", 4: "modified",
                                  5: "accepted", 6: "accepted", 7: "none", 8: "none"})
        flagged = [outcome.tag for outcome in client.outcomes if outcome.undeliverable]
        self.assertEqual(flagged, [4])

    def test_what_is_rejected_is_not_kept_and_what_is_withheld_is(self):
        client, _ = self.sending(9, "reject=-3", "withhold-outcomes=4+", "ignore=8+")
        client.wait(lambda: len(client.outcomes) == 3)
        client.wait(lambda: self.store.read_text().count("\n") >= 6)
        client.run_for(0.2)
        self.assertEqual(self.store.read_text().count("\n"), 6)     # the first fault wins
        self.assertEqual(client.states, ["rejected"] * 3)

    def test_detach_once_then_close_with_a_condition(self):
        client, _ = self.sending(3, "detach=3", "close-link=6:amqp:link:detach-forced")
        client.wait(lambda: client.detaches)
        client.send_all(client.sender(self.address), 4, 6)
        client.wait(lambda: len(client.detaches) == 2)
        self.assertEqual(client.detaches, [(False, None), (True, "amqp:link:detach-forced")])
        self.assertEqual(client.states.count("accepted"), len(client.states))

    def test_detach_every_n(self):
        client = self.client(self.peer("detach=%2"))
        for count in range(1, 4):
            client.send_all(client.sender(self.address), 1, 2)
            client.wait(lambda: len(client.detaches) == count)

    def test_withheld_outcomes_can_come_before_the_detach(self):
        client, _ = self.sending(5, "withhold-outcomes", "detach=5", "outcomes-before-detach")
        client.wait(lambda: client.detaches)
        self.assertLessEqual(len(client.outcomes), 5)
        self.assertEqual(client.seen[-1], (False, None))

    def test_withheld_outcomes_can_come_behind_the_clients_close(self):
        client, sender = self.sending(5, "withhold-outcomes", "outcomes-after-detach")
        client.wait(lambda: self.store.read_text().count("\n") == 5)
        client.run_for(0.3)
        sender.close()
        client.wait(lambda: len(client.outcomes) == 5)
        self.assertEqual(client.seen[1], (True, None))

    def test_the_session_ends(self):
        client, _ = self.sending(2, "end-session=2:amqp:session:window-violation")
        client.wait(lambda: client.session_ends)
        self.assertEqual(client.session_ends, ["amqp:session:window-violation"])
        client.session = client.connection.session()
        client.session.open()
        client.send_all(client.sender(self.address), 3, 4)

    def test_the_connection_is_closed(self):
        client, _ = self.sending(2, "close-connection=2")
        client.wait(lambda: client.is_over)
        self.assertEqual(client.connection_ends, ["amqp:connection:forced"])

    def test_the_connection_is_dropped(self):
        client, _ = self.sending(2, "drop-connection=2")
        client.wait(lambda: client.is_over)
        self.assertEqual(client.connection_ends, [])

    def test_one_connection_hangs_and_others_do_not(self):
        client, _ = self.sending(2, "hang=2", idle_timeout_s=4)
        client.wait(lambda: client.is_over)
        self.assertEqual(client.transport_condition.name, "amqp:resource-limit-exceeded")
        self.assertEqual(client.connection_ends, [])

    def test_credit_is_asked_back_and_given_again(self):
        client, sender = self.sending(2, "drain=2")
        client.wait(lambda: client.drains and sender.credit > 0)

    def test_no_credit_or_only_so_much(self):
        client = self.client(self.peer("withhold-credit=3"))
        first = client.sender(self.address)
        client.wait(lambda: first.credit)
        self.assertEqual(first.credit, 3)
        client.send(first, 1, 3)
        second = client.sender(self.address)
        client.wait(lambda: len(client.outcomes) == 3 and len(client.attaches) == 2)
        client.run_for(0.2)
        self.assertEqual((first.credit, second.credit), (0, 0))

    def test_the_first_attaches_are_not_answered(self):
        client = self.client(self.peer("withhold-attach=-2"))
        for _ in range(2):
            client.sender(self.address)
        client.run_for(0.3)
        self.assertEqual(client.seen, [])
        client.send_all(client.sender(self.address), 1, 1)

    def test_an_attach_is_refused(self):
        client = self.client(self.peer("refuse-attach=1:amqp:unauthorized-access"))
        client.sender(self.address)
        client.wait(lambda: client.detaches)
        self.assertEqual(client.seen, [(None, None, None), (True, "amqp:unauthorized-access")])
        client.send_all(client.sender(self.address), 1, 1)

    def test_opened_and_closed_at_once_twice_then_not(self):
        port = self.peer("close-at-open=-2")
        for _ in range(2):
            client = self.client(port)
            client.wait(lambda: client.is_over)
            self.assertEqual(client.connection_ends, ["amqp:connection:forced"])
        client = self.client(port)
        client.send_all(client.sender(self.address), 1, 1)

    def test_an_attach_ends_its_session(self):
        client = self.client(self.peer("end-session-at-attach=1:amqp:not-found"))
        client.sender(self.address)
        client.wait(lambda: client.session_ends)
        self.assertEqual(client.session_ends, ["amqp:not-found"])
        client.session = client.connection.session()
        client.session.open()
        client.send_all(client.sender(self.address), 1, 1)

    def test_no_open_no_begin_no_close(self):
        client = self.client(self.peer("withhold-open"), await_open=False)
        client.run_for(0.4)
        self.assertEqual((client.is_open, client.is_over), (False, False))
        client = self.client(self.peer("withhold-begin"))
        client.sender(self.address)
        client.run_for(0.4)
        self.assertEqual(client.seen, [])
        client = self.client(self.peer("withhold-close"))
        sender = client.sender(self.address)
        client.send_all(sender, 1, 1)
        sender.close()
        client.session.close()
        client.connection.close()
        client.run_for(0.4)
        self.assertEqual((client.detaches, client.session_ends, client.is_over), ([], [], False))

    def test_the_login_is_refused(self):
        client = self.client(self.peer("refuse-login"), await_open=False)
        client.wait(lambda: client.is_over)
        self.assertEqual(client.transport_condition.name, "amqp:unauthorized-access")


class BrokerMisbehaviours(Misbehaviours, StandInTest):
    def peer(self, *faults):
        return self.broker(*flags(*faults)).port

    def test_withheld_outcomes_can_come_behind_the_detach(self):
        client, _ = self.sending(5, "withhold-outcomes", "detach=5", "outcomes-after-detach")
        client.wait(lambda: len(client.outcomes) == 5)
        self.assertEqual(client.seen[1], (False, None))


class RouterMisbehaviours(Misbehaviours, StandInTest):
    def peer(self, *faults):
        broker = self.broker()
        router = self.router(single_node(broker.port), *flags(*faults))
        router.line("route up: link1")
        return router.port


class NotationTests(unittest.TestCase):
    def due(self, text):
        fault = Fault.parse(text)
        return [count for count in range(1, 9) if fault.is_due(count)]

    def test_when(self):
        self.assertEqual(self.due("reject=3"), [3])
        self.assertEqual(self.due("reject=6+"), [6, 7, 8])
        self.assertEqual(self.due("reject=-2"), [1, 2])
        self.assertEqual(self.due("reject=%4"), [4, 8])
        self.assertEqual(self.due("reject"), list(range(1, 9)))

    def test_conditions_may_have_colons(self):
        fault = Fault.parse("close-link=2:amqp:link:detach-forced")
        self.assertEqual((fault.name, fault.condition), ("close-link", "amqp:link:detach-forced"))
        self.assertEqual(Fault.parse("reject:amqp:not-allowed").condition, "amqp:not-allowed")

    def test_what_is_wrong_is_named(self):
        for text in ("rejekt", "reject=0", "reject=x", "reject=%3+", "reject=3-"):
            with self.assertRaises(argparse.ArgumentTypeError, msg=text):
                Fault.parse(text)

    def test_the_table_is_documented(self):
        self.assertTrue(all(kind.help for kind in TABLE.values()))


if __name__ == "__main__":
    unittest.main()
