#!/usr/bin/python3
# A stand-in for an AMQP 1.0 queue broker: keeps what it accepts in an append-only file.
# SPDX-License-Identifier: Apache-2.0

import argparse

from peers import commands, faults, log
from peers.broker import Broker
from peers.loop import Loop
from peers.store import Store


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="A queue broker for tests and demonstrations. It stores each message before "
                    "it accepts it, so that kill -9 loses nothing. Not for production.")
    parser.add_argument("--listen", metavar="HOST:PORT", required=True, type=commands.host_port,
                        help="port 0: a free one; the line `listening on` says which")
    parser.add_argument("--store", metavar="FILE", required=True,
                        help="the append-only file of accepted messages, one JSON line each")
    parser.add_argument("--credit", type=commands.positive, default=1000, metavar="N",
                        help="credit of each sender (default 1000), topped up at three tenths")
    parser.add_argument("--duplicate-id-property", metavar="NAME", default="_AMQ_DUPL_ID",
                        help="application property by which a repeat is accepted and not stored "
                             "again (default _AMQ_DUPL_ID)")
    parser.add_argument("--require-durability", metavar="N", type=int, choices=(0, 1, 2),
                        help="an attach whose target has another durability is never answered")
    parser.add_argument("--outcome-delay", metavar="MS", type=float, default=0,
                        help="outcomes of stored messages are sent this much later, and a line says "
                             "how much it was")
    parser.add_argument("--idle-timeout", metavar="SECONDS", type=float, default=60,
                        help="a silent peer is lost (default 60)")
    parser.add_argument("--container-id", metavar="NAME", default="stand-in-broker")
    faults.add_argument(parser)
    options = parser.parse_args()
    options.credit_low = options.credit * 3 // 10
    return options


def main():
    options = parse_arguments()
    commands.die_at_once_when_told_to()
    with commands.failures_in_one_sentence():
        store = Store(options.store)
        if store.torn_bytes:
            log.line(f"store {options.store}: {store.torn_bytes} bytes of a torn last line removed")
        loop = Loop()
        host, port = options.listen
        broker = Broker(loop, store, options)
        port = loop.listen(host, port, broker.accept)
    log.line(f"listening on {host}:{port}")
    loop.run()


if __name__ == "__main__":
    main()
