#!/usr/bin/python3
# Measures the time to recover from a loss, and compares the thousandth loss with the first.
# SPDX-License-Identifier: Apache-2.0

import argparse
import pathlib
import random
import sys
import tempfile

import kills
import losses
import page
from processes import Failure

HEADING = "### Figures for a loss"


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Kills a broker behind a router again and again, and takes the time from the moment the route is "
                    "up to the first acceptance; then has a link taken away many times in one run, and compares the first "
                    "losses with the last ones. Status 1: it took longer than the retry interval and a margin, or a "
                    "loss costs more and more.")
    parser.add_argument("--sender", metavar="FILE", required=True, help="the binary that is measured")
    parser.add_argument("--kills", metavar="N", type=int, default=20, help="for each interval (default 20)")
    parser.add_argument("--intervals", metavar="MS", type=int, nargs="+", default=[100, 2000],
                        help="values of --sender-retry-interval (default 100 2000)")
    parser.add_argument("--losses", metavar="N", type=int, default=1000, help="of a link in one run (default 1000)")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="of the moments of the kills (default 1)")
    parser.add_argument("--write-page", action="store_true", help="put the tables into docs/performance.md")
    return parser.parse_args()


def main():
    options = parse_arguments()
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        waits = {interval: kills.measure(options.sender, interval, options.kills, folder, dice)
                 for interval in options.intervals}
        parts = losses.measure(options.sender, options.losses, folder)
    shown = f"{kills.table(waits)}\n\n{losses.table(parts)}"
    print(shown)
    complaints = [*kills.complaints(waits), *losses.complaints(parts)]
    for complaint in complaints:
        print(f"recovery.py: {complaint}", file=sys.stderr)
    if options.write_page:
        page.write(HEADING, f"{page.circumstances(options.sender, page.toolchain())}\n\n{shown}")
    return 1 if complaints else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"recovery.py: {failure}")
