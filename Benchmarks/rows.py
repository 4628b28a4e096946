# The work that is measured. One factor varies at a time, from the counted messages of 36 bytes.
# SPDX-License-Identifier: Apache-2.0

import collections
import json

# name: as in the table and the limits. program: "sender" or a peer's. counts: the slope between them is the cost of a
# message. arguments, and what is on standard input: functions of the number of messages. peer: the row that it is
# compared with. uses_tls: behind a TLS endpoint.
Row = collections.namedtuple("Row", "name program counts arguments input peer uses_tls", defaults=(None, None, False))

SMALL = (20_000, 60_000)
QUIET = ["--quiet", "-i", "0"]


def counted(*options):
    return lambda count: ["-m", str(count), *options]


def lines(size):
    """Lines of this many bytes, each with its number."""
    return lambda count: b"".join(str(number).encode().rjust(size, b".") + b"\n" for number in range(1, count + 1))


def json_lines(count):
    return "".join(
        json.dumps({"body": f"message {number}", "subject": "orders", "group_id": f"g{number % 10}"}) + "\n"
        for number in range(1, count + 1)).encode()


def content_file(bench, size):
    path = bench.folder / f"content-{size}"
    path.write_bytes(b"x" * size)
    return ["--content-file", str(path), "--body-type", "binary"]


def peers():
    yield Row("peer: C example send.c", "send", SMALL, lambda count: [str(count)])
    yield Row("peer: C++ example simple_send.cpp", "simple_send", SMALL, lambda count: ["-m", str(count)])


def installed_peers(bench):
    if bench.has("qpid-send"):
        yield Row("peer: qpid-send, lines", "qpid-send", SMALL,
                  lambda count: ["--content-stdin", "--capacity", "1000"], lines(36))


def ours(bench):
    send = "peer: C example send.c"
    yield Row("counted", "sender", SMALL, counted(*QUIET), peer=send)
    yield Row("lines of a pipe", "sender", SMALL, lambda _: ["--stdin", "--quiet"], lines(36),
              peer="peer: qpid-send, lines")
    yield Row("JSON lines", "sender", SMALL, lambda _: ["--json", "--quiet"], json_lines)
    journal = str(bench.folder / "journal")
    yield Row("counted, journal", "sender", SMALL, counted(*QUIET, "--journal", journal))
    yield Row("counted, default output", "sender", SMALL, counted("-i", "0"))
    yield Row("counted, events", "sender", SMALL, counted(*QUIET, "--events", str(bench.folder / "events")))
    yield Row("counted, TLS", "sender", SMALL, counted(*QUIET, "--tls-ca", str(bench.certificate)), uses_tls=True)
    yield Row("counted, pre-settled", "sender", SMALL, counted(*QUIET, "--pre-settled"))
    for name, size, counts in (("1 KB", 1_000, SMALL), ("100 KB", 100_000, (500, 1_500)),
                               ("10 MB", 10_000_000, (10, 30))):
        yield Row(f"body of {name}", "sender", counts, counted(*QUIET, *content_file(bench, size)))
    for links in (4, 100):
        yield Row(f"{links} links", "sender", SMALL,
                  lambda count, links=links: [*QUIET, "-m", str(count), "--links", str(links)])
    yield Row("start-up", "sender", None, lambda _: ["--version"])


def all_rows(bench):
    yield from peers()
    yield from installed_peers(bench)
    yield from ours(bench)
