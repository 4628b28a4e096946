#!/usr/bin/python3
# Counts at the far end: are all the messages 1 to N there?
# SPDX-License-Identifier: Apache-2.0

import argparse
import sys
import urllib.parse

from proton import Delivery, Described, Message, symbol

from peers import commands, endpoints, store
from peers.client import Client
from peers.loop import Loop
from peers.tally import Tally

CREDIT = 500
# RabbitMQ's streams begin behind their last message if nothing is said.
FROM_THE_FIRST = {symbol("rabbitmq:stream-offset-spec"):
                  Described(symbol("rabbitmq:stream-offset-spec"), "first")}


class Drain(Client):
    """Takes what is in a queue, until nothing has come for the idle time, or all have come."""

    def __init__(self, loop, url, tally, options):
        self.tally = tally
        self.address = urllib.parse.unquote(url.path.removeprefix("/"))
        self.idle_s = (30 if options.leave else 2) if options.idle is None else options.idle
        self.leaves_when_complete = options.leave
        self.filters = FROM_THE_FIRST if options.stream else None
        self.failure = None
        user = options.user or urllib.parse.unquote(url.username or "")
        password = options.password or urllib.parse.unquote(url.password or "")
        super().__init__(loop, url.hostname, url.port or 5672, user or None, password)
        self._idle = loop.call_later(options.timeout, self._no_answer)

    def on_open(self):
        self.attach(self.address, is_sender=False, filters=self.filters)

    def on_link_remote_open(self, event):
        if event.link.remote_source.address:
            event.link.flow(CREDIT)
            self._restart_idle(event.link)

    def on_delivery(self, event):
        delivery, link = event.delivery, event.link
        if not endpoints.is_open(link) or not delivery.readable or delivery.partial:
            return
        message = Message()
        message.decode(link.recv(delivery.pending))
        link.advance()
        self.tally.add(message.body, message.id)
        endpoints.settle(delivery, Delivery.ACCEPTED)
        if self.leaves_when_complete and self.tally.is_complete:
            link.connection.close()
            return
        if link.credit < CREDIT // 2:
            link.flow(CREDIT - link.credit)
        self._restart_idle(link)

    def on_link_remote_close(self, event):
        super().on_link_remote_close(event)
        self.failure = self.failure or event.link.remote_condition
        event.connection.close()

    def on_end(self, failure):
        self.failure = self.failure or failure
        self.loop.stop()

    def _restart_idle(self, link):
        self._idle.cancel()
        self._idle = self.loop.call_later(self.idle_s, link.connection.close)

    def _no_answer(self):
        self.failure = "the attach was not answered"
        self.wire.abort()


def count_queue(options, tally):
    url = urllib.parse.urlsplit(options.where)
    if url.scheme != "amqp" or not url.hostname or not url.path.strip("/"):
        raise ValueError(f"{options.where!r} is not amqp://HOST:PORT/ADDRESS")
    loop = Loop()
    drain = Drain(loop, url, tally, options)
    loop.run()
    if drain.failure:
        print(f"count.py: {url.hostname}:{url.port or 5672}: {drain.failure}", file=sys.stderr)
    return not drain.failure


def count_store(options, tally):
    for record in store.records(options.where):
        if "consumed" not in record:
            tally.add(record["body"], record["id"])
    return True


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Counts messages by their number (`sequence` in the body, else the message "
                    "id). Status 0: all of 1 to N are there; 1: not.")
    parser.add_argument("kind", choices=("store", "queue"),
                        help="store: the file of the stand-in broker; queue: take what a "
                             "broker's queue holds")
    parser.add_argument("where", metavar="FILE|amqp://HOST:PORT/ADDRESS")
    parser.add_argument("--expect", metavar="N", type=commands.positive, required=True)
    parser.add_argument("--idle", metavar="SECONDS", type=float,
                        help="the queue is empty when nothing has come for so long (default 2, "
                             "with --leave 30)")
    parser.add_argument("--leave", action="store_true",
                        help="leave as soon as all have come; the queue may hold more")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=30,
                        help="how long the broker may take to answer (default 30)")
    parser.add_argument("--stream", action="store_true",
                        help="the queue is a stream of RabbitMQ's: read it from its first message on")
    parser.add_argument("--user")
    parser.add_argument("--password")
    return parser.parse_args()


def main():
    options = parse_arguments()
    tally = Tally(options.expect)
    with commands.failures_in_one_sentence():
        is_counted = (count_store if options.kind == "store" else count_queue)(options, tally)
    print(tally)
    sys.exit(0 if is_counted and tally.is_complete else 1)


if __name__ == "__main__":
    main()
