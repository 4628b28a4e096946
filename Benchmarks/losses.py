# Many losses of a link in one run: whether the last ones cost more than the first.
# SPDX-License-Identifier: Apache-2.0

import collections
import json
import pathlib
import statistics
import subprocess

import callgrind
from measure import anonymous_kib
from processes import HOST, Failure, Process, listening_port, stand_in

MESSAGES = 10                       # accepted between two losses; as many are in doubt at each
WINDOW = 2 * MESSAGES
# The excess of the last part over the first. Instructions repeat, time on a busy machine does not.
INSTRUCTIONS_EXCESS, TIME_EXCESS = 1.05, 1.5
MEMORY_BYTES = 64                   # for each loss; a table or a history that grows needs as much
MEMORY_SLACK_KIB = 16               # single pages come and go

# Of a loss, in a part of the run. memory_kib: at the end of it.
Part = collections.namedtuple("Part", "losses ms instructions memory_kib")


def measure(sender, count, folder):
    """The first and the last part of the losses of a run."""
    part = count // 4
    moments, memory = plain_run(sender, count, folder)
    middle = count // 2
    costs = {losses: instructions(sender, losses, folder) for losses in (part, middle, count)}

    def slope(few, many):
        return round((costs[many] - costs[few]) / (many - few))

    def median_ms(some):
        return 1000 * statistics.median(later - earlier for earlier, later in zip(some, some[1:]))

    first = Part(f"1 to {part}", median_ms(moments[:part]), slope(part, middle), memory[part - 1])
    last = Part(f"{count - part + 1} to {count}", median_ms(moments[-part:]), slope(middle, count), memory[-1])
    return [first, last]


def run(sender, count, folder, noted=lambda process, line: None, prefix=()):
    """Runs a sender whose link is closed `count` times."""
    store = pathlib.Path(folder) / "losses"
    store.unlink(missing_ok=True)
    broker = stand_in("broker.py", "--listen", f"{HOST}:0", "--store", store,
                      "--misbehave", f"close-link=%{MESSAGES}:qd:routed-link-lost")
    try:
        port = listening_port(broker)
        process = Process([*prefix, sender, "-a", f"amqp://{HOST}:{port}/bench", "-m", str(MESSAGES * count + 1),
                           "-i", "0", "-s", "1", "--window", str(WINDOW), "--log-format", "json"],
                          stream="stderr", noted=noted, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            status = process.wait()
        finally:
            process.kill()
    finally:
        broker.kill()
    closed = json.loads(process.lines[-1].text)
    if status or closed["link_losses"] != count:
        raise Failure(f"status {status} after {closed.get('link_losses')} of {count} losses of the link")


def plain_run(sender, count, folder):
    """The moments of the losses, and the memory at each."""
    moments, memory = [], []

    def noted(process, line):
        if '"interrupted"' in line.text and '"was_open":true' in line.text:
            moments.append(line.at)
            memory.append(anonymous_kib(process.pid))

    run(sender, count, folder, noted)
    return moments, memory


def instructions(sender, count, folder):
    out = pathlib.Path(folder) / "callgrind.out"
    run(sender, count, folder, prefix=[*callgrind.COMMAND, f"--callgrind-out-file={out}"])
    with open(out, encoding="utf-8") as file:
        return callgrind.read(file, sender).all


def table(parts):
    lines = [f"| losses of a run, {MESSAGES} messages between two | time for each, ms | instructions for each | "
             "anonymous memory behind it, KiB |",
             "| --- | ---: | ---: | ---: |"]
    for part in parts:
        lines.append(f"| {part.losses} | {part.ms:.1f} | {part.instructions:,} | {part.memory_kib:,} |")
    return "\n".join(lines)


def complaints(parts):
    first, last = parts
    allowed_kib = first.memory_kib + MEMORY_SLACK_KIB + MEMORY_BYTES * losses_between(first, last) // 1024
    if last.ms > first.ms * TIME_EXCESS:
        yield f"a loss took {first.ms:.1f} ms at first, and {last.ms:.1f} ms at last"
    if last.instructions > first.instructions * INSTRUCTIONS_EXCESS:
        yield f"a loss cost {first.instructions:,} instructions at first, and {last.instructions:,} at last"
    if last.memory_kib > allowed_kib:
        yield f"{first.memory_kib:,} KiB after the first losses, and {last.memory_kib:,} after the last"


def losses_between(first, last):
    return int(last.losses.split()[-1]) - int(first.losses.split()[-1])
