# The table of docs/compatibility.md, and the plans and routes behind it; nothing is run here.
# SPDX-License-Identifier: Apache-2.0

import argparse
import sys
import unittest

from machine import ROOT

# Behind the benchmarks, which have a module of processes as well.
sys.path.append(str(ROOT / "scripts" / "chaos"))

import matrix
import plan
import routes

CASE = matrix.Case("Artemis", "qdrouterd", "two", "message", matrix.PARTITION)
OTHER = CASE._replace(fault=matrix.BROKER_KILLED)
RUN = matrix.Result("10,000", "0", "1,025", "6.0 s", "8.1 s", "Artemis 2.56.0, qdrouterd 1.19.0", "2026-11-28")
ABSENT = matrix.Result(remark="not run: qdrouterd was not there")
TEXT = f"# Title\n\nProse.\n\n{matrix.HEADING}\n\n## Behind it\n"


class TableTests(unittest.TestCase):
    def test_what_is_written_is_read_again(self):
        results = matrix.merged({}, {CASE: RUN, OTHER: ABSENT})
        text = matrix.put(TEXT, results)
        self.assertEqual(matrix.parsed(text), results)
        self.assertEqual(matrix.put(text, results), text)
        self.assertTrue(text.startswith("# Title\n\nProse.\n\n"))
        self.assertTrue(text.endswith("\n\n## Behind it\n"))
        self.assertEqual(list(results), matrix.cases())

    def test_what_is_not_run_keeps_what_was(self):
        newer = RUN._replace(date="2026-11-29")
        for was, now, then in ((RUN, newer, newer), (RUN, None, RUN), (RUN, ABSENT, RUN), (ABSENT, newer, newer),
                               (None, ABSENT, ABSENT), (None, None, matrix.Result(remark="not run yet"))):
            old = {CASE: was} if was else {}
            new = {CASE: now} if now else {}
            self.assertEqual(matrix.merged(old, new)[CASE], then)

    def test_a_case_that_there_no_longer_is_goes(self):
        self.assertNotIn(CASE._replace(broker="Other"), matrix.merged({CASE._replace(broker="Other"): RUN}, {}))

    def test_the_summary_adds_up(self):
        failed = RUN._replace(missing="2", remark="**failed**: 2 missing")
        self.assertEqual(
            matrix.summary({CASE: RUN, OTHER: failed, CASE._replace(number="one"): ABSENT}),
            "2 of 3 cases were run, with 20,000 messages: 2 missing, 2,050 duplicates. 1 case failed.")
        self.assertIn("No cases failed.", matrix.summary({CASE: RUN}))

    def test_the_page_is_one_that_can_be_read(self):
        text = (ROOT / "docs" / "compatibility.md").read_text()
        results = matrix.parsed(text)
        self.assertEqual(list(results), matrix.cases())
        self.assertEqual(matrix.put(text, results), text)
        for result in results.values():
            self.assertTrue(result.sent or result.remark)
            self.assertEqual(bool(result.sent), bool(result.date))


class VerdictTests(unittest.TestCase):
    def verdict(self, problems=(), inflicted=1):
        played = argparse.Namespace(
            problems=list(problems), inflicted=inflicted, options=argparse.Namespace(messages=10000),
            away_s=6.04, counted={"missing": 0, "duplicates": 1025}, run=argparse.Namespace(longest_pause_s=8.14))
        return matrix.verdict(played, RUN.versions, RUN.date)

    def test_a_case_passes_unless_there_is_a_problem(self):
        self.assertEqual(self.verdict(), RUN)
        self.assertEqual(self.verdict(["a", "b"]).remark, "**failed**: a; b")
        self.assertEqual(self.verdict(inflicted=0).remark, "**failed**: all was sent before the fault")


class PlanTests(unittest.TestCase):
    def test_each_case_has_a_fault_of_a_peer_that_is_there(self):
        for case in matrix.cases():
            topology = matrix.NUMBERS[case.number]
            for fault in matrix.faults(case, 1000):
                self.assertIn(fault.target, plan.TARGETS[topology])
                self.assertEqual(fault.accepted, 300)

    def test_a_kill_of_what_keeps_nothing_is_not_run(self):
        for case in matrix.cases():
            keeps_nothing = case.broker == "qpidd" and case.fault == matrix.BROKER_KILLED
            self.assertEqual(bool(matrix.impossible(case)), keeps_nothing)


class RouteTests(unittest.TestCase):
    ADDRESSES = ["link1.a", "link1.b"]

    def test_links_are_no_longer_routed_but_messages(self):
        for name in ("single-node.conf", "dual-node-broker-side.conf"):
            text = routes.with_message_routes((ROOT / name).read_text(), self.ADDRESSES, "artemis")
            self.assertNotIn("\nlinkRoute", text)
            self.assertEqual(text.count("\nautoLink {"), 2)
            self.assertEqual(text.count("{"), text.count("}"))
            for address in self.ADDRESSES:
                self.assertIn(f"\n    address: {address}\n", text)
            self.assertNotIn("externalAddress", text)

    def test_only_the_router_with_the_broker_gives_to_it(self):
        text = routes.with_message_routes(
            (ROOT / "dual-node-client-side.conf").read_text(), self.ADDRESSES, "artemis")
        self.assertNotIn("autoLink", text)

    def test_rabbitmq_is_told_that_the_queue_exists(self):
        self.assertIn("\n    externalAddress: /amq/queue/link1.a\n", routes.autolink("link1.a", "rabbitmq"))
