# The work that is measured. One factor varies at a time, from the counted messages of 36 bytes.
# SPDX-License-Identifier: Apache-2.0

import dataclasses
import json
from collections.abc import Callable

SMALL = (20_000, 60_000)
QUIET = ["--quiet", "-i", "0"]

# ---- Names, of rows that something else is said about ----------------------------------------------------------------

COUNTED, START_UP = "counted", "start-up"
C_PEER, CPP_PEER, LINES_PEER, PRODUCER_PEER = "C example", "C++ example", "qpid-send", "artemis producer"
PEERS = (C_PEER, CPP_PEER, LINES_PEER, PRODUCER_PEER)
BODIES = {"1 KB": (1_000, SMALL), "100 KB": (100_000, (500, 1_500)), "10 MB": (10_000_000, (10, 30))}
LINKS = (4, 100, 1000)
WINDOWS = (1_000, 100_000)
IDLE = "idle: a message a second"
MEMORY_COUNTS = (50_000, 5_000_000)
LARGE, LARGE_BYTES = "memory: a message of 100 MB", 100_000_000


def body_name(size):
    return f"counted, bodies of {size}"


def links_name(links):
    return f"counted, {links} links"


def window_name(size):
    return f"counted, a full window of {size:,}"


def memory_name(count):
    return f"memory: {count:,} messages"


# The promised peaks: 4 MB for small messages; the size of a large one, and 32 MB.
MEMORY_KIB = {**{memory_name(count): 4_000_000 // 1024 for count in MEMORY_COUNTS},
              LARGE: (LARGE_BYTES + 32_000_000) // 1024}
# The cost of a second in which a message is sent and nothing else happens: two in a hundred at most.
IDLE_US = 20_000
# Rows that cost instructions of another order.
UNLIKE_SMALL = (START_UP, body_name("100 KB"), body_name("10 MB"))

# ---- The rows --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table.

    name: as in the table and the limits. program: "sender" or a peer's. arguments and input (of standard input):
    functions of the number of messages. counts: two, of which the slope is the cost of a message; one, which is run
    without callgrind; none: a whole run without a sink. relay: what is in front of the sink, "tls" or "holding".
    is_like_peers: whether the peers' rows are the same work, as far as they can do it. is_settled: without outcomes.
    is_to_broker: to the stand-in broker instead of the sink.
    """

    name: str
    program: str
    counts: tuple
    arguments: Callable
    input: Callable = None
    relay: str = None
    is_like_peers: bool = False
    is_settled: bool = False
    is_to_broker: bool = False


def all_rows(bench):
    yield from peers(bench)
    yield Row(COUNTED, "sender", SMALL, counted(*QUIET), is_like_peers=True)
    yield from inputs_and_outputs(bench)
    yield Row("counted, TLS", "sender", SMALL,
              counted(*QUIET, "--tls-ca", str(bench.certificate), "--tls-server-name", "localhost"), relay="tls")
    yield Row("counted, pre-settled", "sender", SMALL, counted(*QUIET, "--pre-settled"), is_settled=True)
    for name, (size, counts) in BODIES.items():
        yield Row(body_name(name), "sender", counts, content(bench, size))
    for links in LINKS:
        yield Row(links_name(links), "sender", SMALL, counted(*QUIET, "--links", str(links)))
    for size in WINDOWS:
        yield Row(window_name(size), "sender", SMALL,
                  counted(*QUIET, "--window", str(size), "--window-bytes", "0"), relay="holding")
    yield Row(START_UP, "sender", None, lambda _: ["--version"])
    yield Row(IDLE, "sender", (5,), counted("--quiet", "-i", "1000"))
    for count in MEMORY_COUNTS:
        yield Row(memory_name(count), "sender", (count,), counted(*QUIET))
    yield Row(LARGE, "sender", (1,), content(bench, LARGE_BYTES))


def peers(bench):
    yield Row(C_PEER, "send", SMALL, lambda count: [str(count)])
    yield Row(CPP_PEER, "simple_send", SMALL, lambda count: ["-m", str(count)])
    if bench.has("qpid-send"):
        # It refuses the sink of the others, which answers an attach without a target.
        yield Row(LINES_PEER, "qpid-send", SMALL, lambda _: ["--content-stdin", "--capacity", "1000"], lines(36),
                  is_to_broker=True)
    if bench.has("artemis"):
        # A virtual machine is not for callgrind.
        yield Row(PRODUCER_PEER, "artemis", SMALL[:1],
                  lambda count: ["--message-count", str(count), "--message", "x" * 36, "--silent"])


def inputs_and_outputs(bench):
    yield Row("lines of a pipe", "sender", SMALL, lambda _: ["--stdin", "--quiet"], lines(36), is_like_peers=True)
    yield Row("JSON lines", "sender", SMALL, lambda _: ["--json", "--quiet"], json_lines, is_like_peers=True)
    yield Row("counted, journal", "sender", SMALL, counted(*QUIET, "--journal", str(bench.folder / "journal")))
    yield Row("counted, default output", "sender", SMALL, counted("-i", "0"))
    yield Row("counted, events", "sender", SMALL, counted(*QUIET, "--events", str(bench.folder / "events")))


def counted(*options):
    return lambda count: ["-m", str(count), *options]


def lines(size):
    """Lines of this many bytes, each with its number."""
    return lambda count: b"".join(str(number).encode().rjust(size, b".") + b"\n" for number in range(1, count + 1))


def json_lines(count):
    return "".join(
        json.dumps({"body": f"message {number}", "subject": "orders", "group_id": f"g{number % 10}"}) + "\n"
        for number in range(1, count + 1)).encode()


def content(bench, size):
    """Messages with a body of this many bytes."""
    path = bench.folder / f"content-{size}"

    def arguments(count):
        if not path.exists():
            path.write_bytes(b"x" * size)
        return counted(*QUIET, "--content-file", str(path), "--body-type", "binary")(count)

    return arguments
