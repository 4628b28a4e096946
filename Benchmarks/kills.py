# From the moment the route is up to the first acceptance, with a broker that is killed again and again.
# SPDX-License-Identifier: Apache-2.0

import contextlib
import pathlib
import statistics
import subprocess
import threading
import time

from processes import HOST, Failure, Process, free_port, listening_port, stand_in

ADDRESS = "link1.bench"
LINE_EVERY_S = 0.01
# A router tries its broker about every second. Here much more often: otherwise the moment of the route would be a whole
# number of seconds behind the kill, as the sender's attempts are, and not fall anywhere between two attempts.
CONNECTOR_RETRY_S = 0.02
# Time that may come on top of the interval: the attach, the credit and the message, on a busy machine.
MARGIN_MS = 500

CONFIGURATION = """
router {{ mode: interior
          id: Single }}
listener {{ host: 127.0.0.1
            port: 0 }}
connector {{ name: broker
             host: 127.0.0.1
             port: {port}
             role: route-container }}
linkRoute {{ prefix: link1
             direction: in
             connection: broker }}
linkRoute {{ prefix: link1
             direction: out
             connection: broker }}
"""


class Feeder:
    """Writes a line to a sender every now and then, until it is told to end."""

    def __init__(self, stdin):
        self.count = 0
        self._stdin = stdin
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    def _feed(self):
        while not self._is_over.wait(LINE_EVERY_S):
            self.count += 1
            try:
                self._stdin.write(f"line {self.count}\n")
                self._stdin.flush()
            except BrokenPipeError:
                return              # its status says why it has ended

    def end(self):
        self._is_over.set()
        self._thread.join()
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()


def measure(sender, interval_ms, count, folder, dice):
    """The waits in milliseconds, one for each kill."""
    folder = pathlib.Path(folder) / f"kills-{interval_ms}"
    folder.mkdir()
    port = free_port()
    processes = []

    def start(process):
        processes.append(process)
        return process

    def broker():
        return start(stand_in("broker.py", "--listen", f"{HOST}:{port}", "--store", folder / "store"))

    try:
        first = broker()
        (folder / "router.conf").write_text(CONFIGURATION.format(port=port))
        router = start(stand_in("router.py", "--conf", folder / "router.conf", "--connector-retry", CONNECTOR_RETRY_S))
        router.line(["route up: link1"])
        run = start(Process(
            [sender, "-a", f"amqp://{HOST}:{listening_port(router)}/{ADDRESS}", "--stdin",
             "-s", str(interval_ms), "--log-format", "json"],
            stream="stderr", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL))
        feeder = Feeder(run.stdin)
        run.line(['"accepted"'])
        waits = kill_again_and_again(first, broker, router, run, count, lambda: dice.uniform(0, interval_ms / 1000))
        feeder.end()
        status = run.wait()
        if status:
            raise Failure(f"sender ended with status {status}: {run.lines[-1].text}")
        check_store(folder / "store", feeder.count)
        return waits
    finally:
        for process in processes:
            process.kill()


def kill_again_and_again(process, broker, router, run, count, pause_s):
    waits = []
    for _ in range(count):
        killed_at = time.monotonic()
        process.kill()
        router.line(["route down: link1"], after=killed_at)
        run.line(['"interrupted"'], after=killed_at)
        time.sleep(pause_s())           # so that the route comes up anywhere between two attempts
        process = broker()
        up = router.line(["route up: link1"], after=killed_at)
        accepted = run.line(['"outcome":"accepted"'], after=up.at)
        waits.append(1000 * (accepted.at - up.at))
    return waits


def check_store(store, count):
    """Whether each line has arrived: the figures of a run that loses something are worth nothing."""
    arrived = {line.split('"body": "line ')[1].split('"')[0] for line in store.read_text().splitlines()}
    if len(arrived) != count:
        raise Failure(f"{len(arrived)} of {count} lines arrived")


def table(waits):
    """waits: lists of milliseconds by the interval of the retries."""
    lines = ["| `-s` | kills | route up to first acceptance, ms: least | median | mean | most |",
             "| ---: | ---: | ---: | ---: | ---: | ---: |"]
    for interval, list_of_waits in waits.items():
        figures = (min(list_of_waits), statistics.median(list_of_waits), statistics.mean(list_of_waits),
                   max(list_of_waits))
        lines.append(f"| {interval} | {len(list_of_waits)} | {' | '.join(f'{figure:.0f}' for figure in figures)} |")
    return "\n".join(lines)


def complaints(waits):
    return [f"-s {interval}: {max(list_of_waits):.0f} ms from the route to the first acceptance, instead of at most "
            f"{interval + MARGIN_MS}"
            for interval, list_of_waits in waits.items() if max(list_of_waits) > interval + MARGIN_MS]
