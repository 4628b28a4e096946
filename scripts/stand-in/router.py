#!/usr/bin/python3
# A stand-in for the router qdrouterd, run with the same configuration file.
# SPDX-License-Identifier: Apache-2.0

import argparse

from peers import commands, configuration, faults, link_loss
from peers.loop import Loop
from peers.router import Router


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="A router for tests and demonstrations: link routes to a broker, over one "
                    "node or two, and plain addresses. Not for production.")
    parser.add_argument("--conf", metavar="FILE", required=True,
                        help="a qdrouterd configuration; attributes that mean nothing to a "
                             "stand-in are ignored")
    parser.add_argument("--broker-idle-timeout", metavar="SECONDS", type=float,
                        help="when a silent broker is given up (default: the connector's "
                             "idleTimeoutSeconds, else 16)")
    parser.add_argument("--connector-retry", metavar="SECONDS", type=float, default=1.0,
                        help="how long a connector waits before it tries its broker again "
                             "(default 1)")
    parser.add_argument("--loss-outcomes", choices=("mixed", "modified", "none"),
                        default="mixed",
                        help="what deliveries in flight get when their broker is lost. mixed: "
                             "modified, and each tenth nothing; after a hang all modified. What "
                             "had not left the router is released in any case (default mixed)")
    parser.add_argument("--routing-failures", choices=link_loss.REJECTIONS, default="after",
                        help="which messages are rejected with `Routing failure` when a broker "
                             "is lost. after: what comes behind the detach; before: the detach "
                             "waits for one, up to --detach-hold, with one new credit; both; "
                             "without-detach: no detach ever, and one new credit for each; "
                             "none (default after)")
    parser.add_argument("--detach-hold", metavar="SECONDS", type=float, default=1.0,
                        help="how long `--routing-failures before` holds the detach back if no "
                             "message comes (default 1)")
    faults.add_argument(parser)
    return parser.parse_args()


def main():
    options = parse_arguments()
    commands.die_at_once_when_told_to()
    loop = Loop()
    with commands.failures_in_one_sentence():
        Router(loop, configuration.read(options.conf), options).start()
    loop.run()


if __name__ == "__main__":
    main()
