# The tables and limits that the benchmarks make of their figures; nothing is measured here.
# SPDX-License-Identifier: Apache-2.0

import json
import pathlib
import socket
import sys
import tempfile
import threading
import time
import unittest
import xml.dom.minidom

from machine import ROOT

sys.path.insert(0, str(ROOT / "Benchmarks"))

import callgrind
import kills
import limits
import losses
import page
import relay
import rows
import table
from measure import Figure

# As callgrind writes it: a name where its number is first used, also by a caller; a callee's cost behind `calls=`.
CALLGRIND = """\
positions: line
events: Ir
summary: 160
ob=(1) /usr/lib/libc.so.6
fn=(1) memcpy
7 20
ob=(2) {program}
fn=(2) main
1 30
+3 10
cob=(1)
cfn=(1)
calls=2 7
* 20
-2 5
cob=(3) /usr/lib/libother.so
cfn=(3) other
calls=1 9
+1 45
ob=(3)
fn=(3)
9 45
ob=(2)
fn=(2)
12 50
"""


def figure(row, instructions=None, own=None, user_us=1.0, anonymous_kib=2000):
    return Figure(row, instructions, own, user_us, 2.0, anonymous_kib)


class CallgrindTests(unittest.TestCase):
    def test_what_a_callee_costs_is_not_the_callers_own(self):
        lines = CALLGRIND.format(program=sys.executable).splitlines()
        self.assertEqual(callgrind.read(lines, sys.executable), (160, 95))


class LimitTests(unittest.TestCase):
    def test_a_row_may_be_five_percent_over(self):
        figures = [figure("counted", 10_500), figure("TLS", 10_501), figure("other", 10**9), figure("memory")]
        found = limits.excesses(figures, {"counted": 10_000, "TLS": 10_000, "memory": 1})
        self.assertEqual(found, ["TLS: 10,501 instructions, over the limit of 10,000 by 5.0 %"])

    def test_what_was_measured_becomes_the_limit_of_its_toolchain_only(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "limits.json"
            path.write_text('{"Swift 6.0": {"counted": 1}, "Swift 6.3": {"counted": 2, "TLS": 3}}')
            limits.write(path, "Swift 6.3", [figure("counted", 9), figure(rows.C_PEER, 8), figure("memory")])
            self.assertEqual(json.loads(path.read_text()),
                             {"Swift 6.0": {"counted": 1}, "Swift 6.3": {"counted": 9, "TLS": 3}})
            self.assertEqual(limits.read(path, "Swift 6.0"), {"counted": 1})
            self.assertEqual(limits.read(path, "Swift 7.1"), {})

    def test_the_committed_limits_are_of_rows_that_there_are(self):
        class Everywhere:
            folder, certificate = pathlib.Path("folder"), pathlib.Path("certificate")

            def has(self, _):
                return True

        names = {row.name for row in rows.all_rows(Everywhere())}
        self.assertLessEqual(set(rows.PEERS) | set(rows.MEMORY_KIB) | set(rows.UNLIKE_SMALL), names)
        for by_row in json.loads((ROOT / "Benchmarks/limits.json").read_text()).values():
            self.assertLessEqual(set(by_row), names)

    def test_each_promise_is_kept_up_to_its_edge(self):
        few, many = map(rows.memory_name, rows.MEMORY_COUNTS)
        small, large = map(rows.window_name, rows.WINDOWS)
        self.assertEqual(limits.broken_promises([]), [])
        for kept, broken in (
                ([figure(few, anonymous_kib=3906)], [figure(few, anonymous_kib=3907)]),
                ([figure(rows.LARGE, anonymous_kib=128_906)], [figure(rows.LARGE, anonymous_kib=128_907)]),
                ([figure(few), figure(many, anonymous_kib=2256)], [figure(few), figure(many, anonymous_kib=2257)]),
                ([figure(rows.COUNTED, 9, 1000), figure(rows.links_name(100), 99, 1200)],
                 [figure(rows.COUNTED, 9, 1000), figure(rows.links_name(100), 9, 1201)]),
                ([figure(small, 9, 1000), figure(large, 99, 1050)], [figure(small, 9, 1000), figure(large, 9, 1051)]),
                ([figure(rows.IDLE, user_us=20_000)], [figure(rows.IDLE, user_us=20_001)])):
            self.assertEqual(limits.broken_promises(kept), [])
            self.assertEqual(len(limits.broken_promises(broken)), 1, broken)


class ChoiceTests(unittest.TestCase):
    def test_a_name_is_one_row_and_a_word_all_that_have_it(self):
        import bench
        all_rows = [rows.Row(name, "sender", None, None) for name in ("counted", "counted, TLS", "pipe")]
        for words, names in (([], ["counted", "counted, TLS", "pipe"]), (["counted"], ["counted"]),
                             (["count"], ["counted", "counted, TLS"]), (["TLS", "pipe"], ["counted, TLS", "pipe"])):
            self.assertEqual([row.name for row in bench.chosen(all_rows, words)], names)


class TableTests(unittest.TestCase):
    FIGURES = [figure(rows.C_PEER, 20_000, 100), figure(rows.COUNTED, 5_000, 400), figure("other", 10_000, 500),
               figure(rows.START_UP, 8_000_000, 7), figure("memory: all")]

    def test_ratios_and_limits(self):
        lines = table.text(self.FIGURES, {"other": 9_000}, {rows.COUNTED}).split("\n")
        self.assertEqual(lines[0], "| work | instructions | own | ratio to C example | limit | user CPU, µs | wall, µs | "
                                   "anonymous memory, KiB |")
        self.assertEqual(lines[3], "| counted | 5,000 | 400 | 0.25 |  | 1.0 | 2.0 | 2,000 |")
        self.assertEqual(lines[4], "| other | 10,000 (over) | 500 |  | 9,000 | 1.0 | 2.0 | 2,000 |")
        self.assertEqual(lines[6], "| memory: all |  |  |  |  | 1.0 | 2.0 | 2,000 |")
        self.assertEqual({line.count("|") for line in lines}, {9})

    def test_the_picture_has_a_bar_for_each_small_message(self):
        picture = xml.dom.minidom.parseString(table.plot(self.FIGURES))
        widths = [int(bar.getAttribute("width")) for bar in picture.getElementsByTagName("rect")]
        self.assertEqual(widths, [table.BAR_PX, table.BAR_PX // 4, table.BAR_PX // 2])
        self.assertIsNone(table.plot(self.FIGURES[3:]))


class PageTests(unittest.TestCase):
    def test_a_section_is_replaced_down_to_the_next_heading(self):
        text = "# A\none\n## B\nold\n\nold\n## C\nthree\n"
        self.assertEqual(page.put(text, "## B", "new\n"), "# A\none\n## B\n\nnew\n\n## C\nthree\n")
        self.assertEqual(page.put(text, "## C", "new"), "# A\none\n## B\nold\n\nold\n## C\n\nnew\n")
        again = page.put(text, "## B", "new")
        self.assertEqual(page.put(again, "## B", "new"), again)

    def test_the_page_has_the_sections(self):
        import bench
        import recovery
        for heading in (bench.HEADING, recovery.HEADING):
            self.assertIn(heading, page.PAGE.read_text().split("\n"))


class RecoveryTests(unittest.TestCase):
    def test_a_wait_may_take_the_interval_and_the_margin(self):
        self.assertEqual(kills.complaints({100: [3, 600], 2000: [2500]}), [])
        self.assertEqual(len(kills.complaints({100: [3, 601], 2000: [2501]})), 2)
        self.assertEqual(kills.table({100: [10, 20, 90]}).split("\n")[-1], "| 100 | 3 | 10 | 20 | 40 | 90 |")

    def test_the_last_losses_may_not_cost_more_than_the_first(self):
        first = losses.Part("1 to 250", 4.0, 1000, 2000)
        for kept, broken in (({"ms": 6.0}, {"ms": 6.1}), ({"instructions": 1050}, {"instructions": 1051}),
                             ({"memory_kib": 2062}, {"memory_kib": 2063})):
            last = first._replace(losses="751 to 1000")
            self.assertEqual(list(losses.complaints([first, last._replace(**kept)])), [])
            self.assertEqual(len(list(losses.complaints([first, last._replace(**broken)]))), 1, broken)


class RelayTests(unittest.TestCase):
    def test_answers_are_held_back_until_the_client_is_silent(self):
        sink = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(sink.close)
        client = socket.create_connection(("127.0.0.1", relay.Relay(sink.getsockname()[1], "holding").port))
        self.addCleanup(client.close)
        peer, _ = sink.accept()
        self.addCleanup(peer.close)

        def answer():
            while block := peer.recv(100):
                peer.sendall(block.upper())
            peer.shutdown(socket.SHUT_WR)

        threading.Thread(target=answer, daemon=True).start()
        began = time.monotonic()
        client.sendall(b"one ")
        client.sendall(b"two")
        self.assertEqual(client.recv(1), b"O")
        self.assertGreaterEqual(time.monotonic() - began, relay.SILENCE_S)
        # If the second block was late, it is answered by itself.
        self.assertEqual(client.recv(6, socket.MSG_WAITALL), b"NE TWO")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(client.recv(100), b"")


if __name__ == "__main__":
    unittest.main()
