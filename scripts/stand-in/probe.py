#!/usr/bin/python3
# Asks whether an AMQP peer, a stranger or nothing answers on a port, and whether an address has credit.
# SPDX-License-Identifier: Apache-2.0

import argparse
import sys
import time

from proton import symbol

from peers import commands
from peers.client import Client
from peers.loop import Loop

ANSWERS, NOBODY, STRANGER, NO_CREDIT = 0, 1, 3, 4
AGAIN_S = 0.2
# The header of that protocol, as proton shows it.
AMQP_0_9_1 = r"AMQP\x00\x00\x09\x01"


class Probe(Client):
    """One attempt. Calls `done(status, sentence)` once."""

    def __init__(self, loop, options, done):
        self.address = options.address
        self._done = done
        self._answer = "it says nothing"
        self._status = STRANGER
        super().__init__(loop, *options.peer, options.user, options.password)
        self._timer = loop.call_later(options.timeout, lambda: self._finish(self._status))

    def on_open(self):
        properties = self.connection.remote_properties or {}
        self._answer = " ".join(
            [f"container={self.connection.remote_container}"]
            + [f"{name}={properties[symbol(name)]}" for name in ("product", "version")
               if symbol(name) in properties])
        if self.address:
            self._status = NO_CREDIT
            self.attach(self.address, is_sender=True)
        else:
            self._finish(ANSWERS)

    def on_link_flow(self, event):
        if event.link.credit > 0:
            self._finish(ANSWERS)

    def on_link_remote_close(self, event):
        super().on_link_remote_close(event)
        self._answer += f" {self.address}: {event.link.remote_condition or 'link closed'}"
        self._finish(NO_CREDIT)

    def on_end(self, failure):
        name = getattr(failure, "name", "")
        if isinstance(failure, OSError) and not self.is_open:
            self._answer = f"nothing listens: {failure}"
            self._finish(NOBODY)
        elif name == "amqp:unauthorized-access":
            self._answer = "an AMQP peer that refuses the login"
            self._finish(NO_CREDIT if self.address else ANSWERS)
        else:
            self._answer = self._answer if self.is_open else complaint(failure)
            self._finish(self._status)

    def _finish(self, status):
        self._timer.cancel()
        if self._done:
            done, self._done = self._done, None
            self.connection.close()
            self.wire.flush()
            self.wire.abort()
            done(status, self._answer)


def complaint(failure):
    """Why this is no peer of AMQP 1.0."""
    text = str(getattr(failure, "description", None) or failure)
    if AMQP_0_9_1 in text:
        return "a broker of AMQP 0-9-1; RabbitMQ 3 speaks 1.0 with its plugin rabbitmq_amqp1_0"
    return f"not an AMQP peer: {text}"


class Patience:
    """Probes again and again, as long as it may, until the answer is the one that is hoped for."""

    def __init__(self, loop, options):
        self.loop = loop
        self.options = options
        self.status = NOBODY
        self._until = time.monotonic() + options.wait

    def start(self):
        try:
            Probe(self.loop, self.options, self._done)
        except OSError as failure:
            self._done(NOBODY, f"nothing listens: {failure}")

    def _done(self, status, answer):
        self.status = status
        if status == ANSWERS or time.monotonic() + AGAIN_S >= self._until:
            print(answer)
            self.loop.stop()
        else:
            self.loop.call_later(AGAIN_S, self.start)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Status 0: an AMQP peer answers (and gives credit for --address); 1: nothing "
                    "listens; 3: a stranger, the port is open and no AMQP comes; 4: no credit.")
    parser.add_argument("peer", metavar="HOST:PORT", type=commands.host_port)
    parser.add_argument("--address", metavar="A", help="attach a sender, and wait for credit")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=5,
                        help="of each attempt (default 5)")
    parser.add_argument("--wait", metavar="SECONDS", type=float, default=0,
                        help="try for so long (default: once)")
    parser.add_argument("--user")
    parser.add_argument("--password")
    return parser.parse_args()


def main():
    options = parse_arguments()
    loop = Loop()
    patience = Patience(loop, options)
    loop.call_later(0, patience.start)
    loop.run()
    sys.exit(patience.status)


if __name__ == "__main__":
    main()
