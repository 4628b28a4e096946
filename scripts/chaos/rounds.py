# One round: the sender sends, the faults are inflicted, and what came of it is judged.
# SPDX-License-Identifier: Apache-2.0

import asyncio
import functools
import re
import signal
import time

import plan
from network import PeerFailure
from sending import Account, Run

RESTART_S = 30      # what a broker may need to be back
TICK_MS = 10        # of a sender that is to last


def address_of(number):
    """Each round has a queue of its own, so that what one leaves behind is not the next one's."""
    return f"link1.round-{number}"


class Round:
    """The faults of one plan, against one run of the sender."""

    def __init__(self, options, network, folder, number, faults):
        self.options = options
        self.network = network
        self.faults = faults
        self.address = address_of(number)
        self.run = Run(folder)
        self.inflicted = 0
        self.away_s = 0             # the longest that a peer was away, until it was ready again
        self.problems = []
        self.account = Account("")
        self.counted = {}
        self.seconds = self.seconds_after_healing = 0
        self._begun = [asyncio.Event() for _ in faults]
        self._is_over = asyncio.Event()

    async def play(self):
        options = self.options
        await self.network.wait_for_route(self.address)
        arguments = ["-r", "-m", options.messages, *self._pace(), "-s", options.retry_interval,
                     *self.network.sender_options,
                     *(["--trace-frames"] if options.trace else []), *options.sender_arguments]
        began = time.monotonic()
        try:
            await self.run.start(options.sender, self.network.client_port, self.address,
                                 arguments)
            await self._send(began)
        finally:
            self.run.end()
        if gone := self.network.lost_by_themselves():
            raise PeerFailure(f"{', '.join(gone)} ended by itself")
        await self._count()

    def _pace(self):
        """As fast as may be, or spread over so many seconds: a storm lasts that long."""
        if not self.options.spread:
            return ["-i", "0"]
        burst = self.options.messages * TICK_MS / 1000 / self.options.spread
        return ["-i", TICK_MS, "-b", max(1, int(burst))]

    async def _send(self, began):
        ending = asyncio.create_task(self.run.wait())
        inflicting = [asyncio.create_task(self._inflict(index))
                      for index in range(len(self.faults))]
        ending.add_done_callback(lambda _: self._is_over.set())
        try:
            await asyncio.gather(*inflicting)
            healed = time.monotonic()
            await asyncio.wait({ending}, timeout=self.options.limit)
            self.seconds = time.monotonic() - began
            self.seconds_after_healing = time.monotonic() - healed
            if not ending.done():
                self.problems.append(f"went on {self.options.limit:g} s after the last fault was "
                                     f"healed, with {self.run.accepted} accepted")
                await self.run.stop()
            self._judge_end(await ending)
        finally:
            for task in inflicting + [ending]:
                task.cancel()

    async def _inflict(self, index):
        fault = self.faults[index]
        peer = self.network.peers[fault.target]
        if not await self._is_due(index):
            self._begun[index].set()
            return
        async with peer.lock:
            self._begun[index].set()
            self.inflicted += 1
            began = time.monotonic()
            await self._take_away(peer, fault)
            self.away_s = max(self.away_s, time.monotonic() - began)

    async def _take_away(self, peer, fault):
        if fault.kind == plan.KILL:
            await peer.kill()
            await self._pause(fault.for_s)
            await peer.start()
            return
        if fault.kind == plan.CUT:
            begin, end = peer.proxy.cut, peer.proxy.mend
        else:
            begin, end = (functools.partial(peer.signal, number)
                          for number in (signal.SIGSTOP, signal.SIGCONT))
        begin()
        try:
            await self._pause(fault.for_s)
        finally:
            end()

    async def _is_due(self, index):
        fault = self.faults[index]
        if fault.accepted is None:
            await self._begun[index - 1].wait()
        else:
            try:
                if not await asyncio.wait_for(self.run.wait_accepted(fault.accepted),
                                              self._patience()):
                    return False
            except asyncio.TimeoutError:
                self.problems.append(f"got stuck at {self.run.accepted} accepted")
                self._is_over.set()
        await self._pause(fault.delay_s)
        return not self._is_over.is_set()

    def _patience(self):
        """How long it may take to get anywhere: all other faults, and their healing."""
        return self.options.limit + sum(fault.for_s + RESTART_S for fault in self.faults)

    async def _pause(self, seconds):
        """Cut short when the sender has ended."""
        try:
            await asyncio.wait_for(self._is_over.wait(), seconds)
        except asyncio.TimeoutError:
            pass

    def _judge_end(self, status):
        errors = self.run.errors_path.read_text(errors="replace")
        self.account = account = Account(errors)
        if status != 0:
            self.problems.append(f"status {status}")
        if not account.numbers:
            self.problems.append("no summary")
            return
        if not account.adds_up:
            self.problems.append("the summary does not add up")
        for name in ("rejected", "given up"):
            if account[name] != 0:
                self.problems.append(f"{account[name]} {name}")
        if account["accepted"] != self.options.messages:
            self.problems.append(f"accepted {account['accepted']} of {self.options.messages}")

    async def _count(self):
        _, said = await self.network.count(self.address, self.options.messages)
        found = re.search(r"distinct=(\d+) total=(\d+) missing=\[(.*)\] duplicates=(\d+)", said)
        if not found:
            raise PeerFailure(f"what arrived can't be counted: {said}")
        distinct, duplicates = int(found[1]), int(found[4])
        missing = self.options.messages - distinct
        self.counted = {"missing": missing, "duplicates": duplicates}
        if "count.py:" in said:
            raise PeerFailure(f"what arrived can't be counted: {said}")
        if missing:
            self.problems.append(f"{missing} missing: {found[3]}")
        if duplicates > max(0, self.account["resent"]):
            self.problems.append(f"{duplicates} duplicates, but only {self.account['resent']} "
                                 "resent")
        if duplicates and self.options.duplicate_ids:
            self.problems.append(f"{duplicates} duplicates in spite of duplicate ids")
