#!/usr/bin/python3
# Shows what has arrived: takes messages out of a queue and prints them, or counts those of a run.
# SPDX-License-Identifier: Apache-2.0

import argparse
import json
import pathlib
import os
import signal
import socket
import sys
import urllib.parse

from proton import Delivery, Message, ProtonException

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "stand-in"))

from peers import commands, endpoints  # noqa: E402 (found by the path above)
from peers.client import Client  # noqa: E402
from peers.loop import Loop  # noqa: E402
from peers.message_json import message_object  # noqa: E402
from peers.sections import described  # noqa: E402
from peers.sequences import Sequences  # noqa: E402

CREDIT = 500
CLOSE_TIMEOUT_S = 5
# The errors that decoding a message may raise, whoever encoded it.
UNREADABLE = (ProtonException, ValueError, TypeError, KeyError, IndexError, AttributeError,
              OverflowError, RecursionError)

DESCRIPTION = """\
Takes messages out of a queue, and prints each as a line of JSON that `sender --json` takes.
It waits for messages until it is stopped, unless --messages or --idle says otherwise.
With --count it prints no messages, but at the end which of a run are missing, how many came twice, and
the first that came after a later one.
"""
STATUS = """\
status: 0: the end was the one asked for, and with --count no message is missing; 1: with --count, one is
missing, or with --strict came twice or out of order; 2: the connection failed or the address was refused;
64: wrong usage.
"""


class Receiver(Client):
    """Takes what its consumers get, until there is enough or nothing has come for a while."""

    def __init__(self, loop, url, options, take):
        self.address = urllib.parse.unquote(url.path.removeprefix("/"))
        self.options = options
        self.take = take                # takes the bytes of a message, and the consumer's number
        self.consumers = []
        self.open_count = 0
        self.count = 0
        self.failure = None
        self.is_closing = False
        user = urllib.parse.unquote(url.username or "") or None
        super().__init__(loop, url.hostname, url.port or 5672, user,
                         urllib.parse.unquote(url.password or ""))
        self._idle = loop.call_later(options.timeout, self._no_answer)

    def on_open(self):
        for number in range(self.options.consumers):
            self.consumers.append(self.attach(self.address, is_sender=False,
                                              name=f"receive-{number}"))

    def on_link_remote_open(self, event):
        if not event.link.remote_source.address:
            return                      # refused: the reason comes next
        # No more than is wanted: what is not taken goes back to the queue as delivered once.
        event.link.flow(min(CREDIT, self.options.messages or CREDIT))
        self.open_count += 1
        if self.open_count == self.options.consumers:
            say(f"receiving from {self.address}")
            self._restart_idle()

    def on_delivery(self, event):
        delivery, link = event.delivery, event.link
        # After the close, what is there goes back to the queue.
        if self.is_closing or not delivery.readable or delivery.partial:
            return
        encoded = link.recv(delivery.pending)
        link.advance()
        outcome = Delivery.ACCEPTED
        try:
            self.take(encoded, self.consumers.index(link))
        except UNREADABLE as failure:
            say(f"a message can't be read, and is rejected: {failure or type(failure).__name__}")
            outcome = Delivery.REJECTED
        except BrokenPipeError:
            # Whoever read the lines is gone: this message goes back to the queue.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return self._close()
        endpoints.settle(delivery, outcome)
        self.count += 1
        if self.count == self.options.messages and not self.options.is_counting:
            self._close()
            return
        if self.options.is_counting or not self.options.messages:
            link.flow(1)
        self._restart_idle()

    def on_link_remote_close(self, event):
        super().on_link_remote_close(event)
        self.failure = self.failure or event.link.remote_condition or "the link was closed"
        self._close()

    def on_end(self, failure):
        self.failure = self.failure or failure
        self.loop.stop()

    def stop_on_signals(self):
        """A signal ends the waiting, and is handled between two events."""
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            end.setblocking(False)
        signal.set_wakeup_fd(writer.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        self._wakers = (reader, writer)         # not to be closed
        self.loop.on_readable(reader, lambda: (reader.recv(16), self._close()))

    def _restart_idle(self):
        self._idle.cancel()
        if self.options.idle:
            self._idle = self.loop.call_later(self.options.idle, self._close)

    def _close(self):
        self._idle.cancel()
        self.is_closing = True
        self.connection.close()
        self._idle = self.loop.call_later(CLOSE_TIMEOUT_S, self.wire.abort)

    def _no_answer(self):
        self.failure = f"no answer within {self.options.timeout:g} s"
        self.wire.abort()


def say(sentence):
    print(f"receive.py: {sentence}", file=sys.stderr, flush=True)


def print_line(value):
    print(json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False), flush=True)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(64, f"receive.py: {message}\n")


def parse_arguments():
    parser = Parser(description=DESCRIPTION, epilog=STATUS,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", metavar="amqp://[USER:PASSWORD@]HOST[:PORT]/ADDRESS",
                        type=amqp_url)
    parser.add_argument("-m", "--messages", metavar="N", type=commands.positive,
                        help="leave after N messages; with --count: 1 to N are expected")
    parser.add_argument("--count", metavar="RUN_ID", nargs="?", const="",
                        help="count the messages of the run with this --run-id, or without one all, by "
                             "the number in the body or the message id")
    parser.add_argument("--strict", action="store_true",
                        help="with --count: repeats and a wrong order give status 1 as well")
    parser.add_argument("--duplicate-id", metavar="NAME", default="_AMQ_DUPL_ID",
                        help="the property of the run's ids (default _AMQ_DUPL_ID)")
    parser.add_argument("--idle", metavar="SECONDS", type=seconds,
                        help="leave when nothing has come for so long (default with --count 2, "
                             "else never)")
    parser.add_argument("--timeout", metavar="SECONDS", type=seconds, default=30,
                        help="how long the peer may take to answer (default 30)")
    parser.add_argument("--consumers", metavar="N", type=commands.positive, default=1,
                        help="links to take messages from (default 1)")
    parser.add_argument("--typed", action="store_true",
                        help="print every section with the AMQP type of each value, and the "
                             "consumer; not for sender --json")
    options = parser.parse_args()
    options.is_counting = options.count is not None
    if options.strict and not options.is_counting:
        parser.error("--strict has no effect without --count: add that")
    if options.idle is None and options.is_counting:
        options.idle = 2
    return options


def amqp_url(text):
    url = urllib.parse.urlsplit(text)
    if url.scheme != "amqp" or not url.hostname or not url.path.strip("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is not amqp://HOST:PORT/ADDRESS")
    return url


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def main():
    options = parse_arguments()
    sequences = Sequences(options.count, options.duplicate_id, options.messages)

    def take(encoded, consumer):
        if options.is_counting:
            message = Message()
            message.decode(encoded)
            sequences.add(message)
        elif options.typed:
            print_line({"consumer": consumer, **described(encoded)})
        else:
            print_line(message_object(encoded))

    loop = Loop()
    try:
        receiver = Receiver(loop, options.url, options, take)
        receiver.stop_on_signals()
        loop.run()
        failure = receiver.failure
    except OSError as error:
        failure = error
    if failure:
        say(f"{options.url.hostname}:{options.url.port or 5672}: {failure}")
    if options.is_counting:
        print(sequences)
    sys.exit(2 if failure else sequences.status(options.strict) if options.is_counting else 0)


if __name__ == "__main__":
    main()
