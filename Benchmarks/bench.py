#!/usr/bin/python3
# Measures the cost of a message, beside that of proton's own examples.
# SPDX-License-Identifier: Apache-2.0

import argparse
import dataclasses
import json
import pathlib
import sys
import tempfile

import limits
import measure
import page
import rows
import table
from processes import Failure

FOLDER = pathlib.Path(__file__).resolve().parent
HEADING = "### Figures for a message"


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Runs sender and proton's examples on the same work in turn, each against proton's example sink, "
                    "and prints what a message costs. Status 1: a row is more than 5 % over its limit, a promise does "
                    "not hold, or a row could not be measured.")
    parser.add_argument("--sender", metavar="FILE", required=True, help="the binary that is measured")
    parser.add_argument("--rows", metavar="WORDS", default="",
                        help="only rows that are named, or whose name has one of these words, with commas between")
    parser.add_argument("--list", action="store_true", help="print the names of the rows, and measure nothing")
    parser.add_argument("--limits", metavar="FILE", type=pathlib.Path, default=FOLDER / "limits.json",
                        help="instructions per message by toolchain and row (default: limits.json here)")
    parser.add_argument("--toolchain", metavar="NAME", default=page.toolchain(),
                        help="which of the limits (default %(default)s, by swift --version)")
    parser.add_argument("--write-limits", action="store_true",
                        help="make what was measured the limits of the toolchain")
    parser.add_argument("--write-page", action="store_true",
                        help="put table and picture into docs/performance.md and docs/performance.svg")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="write the figures there as well")
    parser.add_argument("--plot", metavar="FILE", type=pathlib.Path, help="write a picture of them (SVG)")
    options = parser.parse_args()
    if options.write_page and options.rows:
        parser.error("--write-page needs all rows")
    if options.write_limits and not options.toolchain:
        parser.error("--write-limits needs --toolchain, as there is no swift to ask")
    return options


def chosen(all_rows, words):
    """The rows that one of the words names, or, if it names none, those whose names have it in them."""
    names = {row.name for row in all_rows}
    return [row for row in all_rows
            if not words or any(word == row.name or word not in names and word in row.name for word in words)]


def measure_all(bench, wanted):
    """The figures of the rows, and why others have none."""
    figures, failures = [], []
    for row in wanted:
        print(f"{row.name} ...", file=sys.stderr, flush=True)
        try:
            figures.append(bench.figures_of(row))
        except Failure as failure:
            failures.append(str(failure))
    return figures, failures


def main():
    options = parse_arguments()
    words = [word for word in options.rows.split(",") if word]
    with tempfile.TemporaryDirectory() as folder:
        bench = measure.Bench(pathlib.Path(folder), options.sender)
        wanted = chosen(list(rows.all_rows(bench)), words)
        if options.list:
            print("\n".join(row.name for row in wanted))
            return 0
        figures, failures = measure_all(bench, wanted)
    if options.write_limits and not failures:
        limits.write(options.limits, options.toolchain, figures)
    allowed = limits.read(options.limits, options.toolchain)
    shown = table.text(figures, allowed, {row.name for row in wanted if row.is_like_peers})
    print(shown)
    if not allowed:
        print(f"bench.py: no limits for {options.toolchain}; --write-limits makes these figures the limits")
    complaints = [*failures, *limits.excesses(figures, allowed), *limits.broken_promises(figures)]
    for complaint in complaints:
        print(f"bench.py: {complaint}", file=sys.stderr)
    write(options, figures)
    if failures and (options.write_limits or options.write_page):
        print("bench.py: as not all could be measured, limits and page stay as they are", file=sys.stderr)
    elif options.write_page:
        page.write(HEADING, f"{page.circumstances(options.sender, options.toolchain)}\n\n{shown}")
        page.PICTURE.write_text(table.plot(figures))
    return 1 if complaints else 0


def write(options, figures):
    if options.json:
        options.json.write_text(json.dumps([dataclasses.asdict(figure) for figure in figures], indent=1) + "\n")
    picture = table.plot(figures)
    if options.plot and picture:
        options.plot.write_text(picture)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"bench.py: {failure}")
