#!/usr/bin/python3
# Shows at the far end what has arrived: every section of each message, with the types.
# SPDX-License-Identifier: Apache-2.0

import argparse
import json
import sys
import urllib.parse

from proton import Data, Delivery

from peers import commands, endpoints
from peers.client import Client
from peers.loop import Loop

CREDIT = 500

# Sections of a message (§3.2) by descriptor; those that are lists with their fields' names.
SECTIONS = {
    0x70: ("header", ("durable", "priority", "ttl", "first-acquirer", "delivery-count")),
    0x71: ("delivery-annotations", None),
    0x72: ("annotations", None),
    0x73: ("properties", ("message-id", "user-id", "to", "subject", "reply-to", "correlation-id",
                          "content-type", "content-encoding", "absolute-expiry-time",
                          "creation-time", "group-id", "group-sequence", "reply-to-group-id")),
    0x74: ("application-properties", None),
    0x75: ("data", None),
    0x76: ("sequence", None),
    0x77: ("value", None),
    0x78: ("footer", None),
}

# AMQP's names of the types whose names in the binding are others; int has 64 bits there.
TYPES = {"NoneType": "null", "int": "long", "int32": "int", "str": "string", "float": "double",
         "bytes": "binary", "memoryview": "binary", "UUID": "uuid", "dict": "map"}


def typed(value):
    """`type:text`, of binary in hexadecimal digits; a map's entries as a map of them."""
    if isinstance(value, dict):
        return {key_text(key): typed(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [typed(entry) for entry in value]
    name = type(value).__name__
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, int):
        text = str(int(value))          # the binding's own numbers name their type
    elif isinstance(value, (bytes, memoryview)):
        text = bytes(value).hex()
    else:
        text = str(value)
    return f"{TYPES.get(name, name)}:{text}"


def key_text(key):
    """A key that is a string as it is, another with its type."""
    return key if type(key) is str else typed(key)


def described(encoded):
    """The sections of a message with their fields; what is null or not there is left out."""
    result = {}
    while encoded:
        data = Data()
        encoded = encoded[data.decode(encoded):]
        data.rewind()
        data.next()
        section = data.get_py_described()
        name, fields = SECTIONS[int(section.descriptor)]
        value = section.value
        if fields:
            value = {key: entry for key, entry in zip(fields, value) if entry is not None}
        result[name] = typed(value)
    return result


class Take(Client):
    """Prints what its consumers get, until there is enough or nothing has come for a while."""

    def __init__(self, loop, url, options):
        self.address = urllib.parse.unquote(url.path.removeprefix("/"))
        self.options = options
        self.consumers = []
        self.open_count = 0
        self.count = 0
        self.failure = None
        super().__init__(loop, url.hostname, url.port or 5672)
        self._idle = loop.call_later(options.idle, self._no_answer)

    def on_open(self):
        for number in range(self.options.consumers):
            self.consumers.append(self.attach(self.address, is_sender=False, name=f"take-{number}"))

    def on_link_remote_open(self, event):
        if not event.link.remote_source.address:
            return                      # refused: the reason comes next
        event.link.flow(CREDIT)
        self.open_count += 1
        if self.open_count == self.options.consumers:
            print("ready", flush=True)
            self._restart_idle()

    def on_delivery(self, event):
        delivery, link = event.delivery, event.link
        if not delivery.readable or delivery.partial:
            return
        encoded = link.recv(delivery.pending)
        link.advance()
        line = {"consumer": self.consumers.index(link), **described(encoded)}
        print(json.dumps(line, ensure_ascii=False, sort_keys=True), flush=True)
        endpoints.settle(delivery, Delivery.ACCEPTED)
        link.flow(1)
        self.count += 1
        if self.count == self.options.count:
            self._close()
        else:
            self._restart_idle()

    def on_link_remote_close(self, event):
        super().on_link_remote_close(event)
        self.failure = self.failure or event.link.remote_condition
        self._close()

    def on_end(self, failure):
        self.failure = self.failure or failure
        self.loop.stop()

    def _restart_idle(self):
        self._idle.cancel()
        self._idle = self.loop.call_later(self.options.idle, self._close)

    def _close(self):
        self._idle.cancel()
        self.connection.close()

    def _no_answer(self):
        self.failure = "the attach was not answered"
        self.wire.abort()


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Takes all messages out of a queue, and prints each as a line of JSON.")
    parser.add_argument("url", metavar="amqp://HOST:PORT/ADDRESS")
    parser.add_argument("--count", metavar="N", type=commands.positive,
                        help="leave after so many messages")
    parser.add_argument("--consumers", metavar="N", type=commands.positive, default=1,
                        help="links to take messages from (default 1)")
    parser.add_argument("--idle", metavar="SECONDS", type=float, default=2,
                        help="leave when nothing has come for so long (default 2)")
    return parser.parse_args()


def main():
    options = parse_arguments()
    with commands.failures_in_one_sentence():
        url = urllib.parse.urlsplit(options.url)
        if url.scheme != "amqp" or not url.hostname or not url.path.strip("/"):
            raise ValueError(f"{options.url!r} is not amqp://HOST:PORT/ADDRESS")
        loop = Loop()
        take = Take(loop, url, options)
        loop.run()
        if take.failure:
            print(f"take.py: {url.hostname}:{url.port or 5672}: {take.failure}", file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main()
