#!/usr/bin/python3
# What a message costs, beside what it costs proton's own examples.
# SPDX-License-Identifier: Apache-2.0

import argparse
import json
import pathlib
import sys
import tempfile

import measure
import rows
import table

FOLDER = pathlib.Path(__file__).resolve().parent


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Runs sender and proton's examples on the same work in turn, each against proton's example sink, "
                    "and prints what a message costs. Status 1: a row is more than its limit allows.")
    parser.add_argument("--sender", metavar="FILE", required=True, help="the binary that is measured")
    parser.add_argument("--rows", metavar="WORDS", default="",
                        help="only rows whose name has one of these words, with commas between")
    parser.add_argument("--limits", metavar="FILE", type=pathlib.Path, default=FOLDER / "limits.json",
                        help="instructions per message by toolchain and row (default: limits.json here)")
    parser.add_argument("--toolchain", metavar="NAME", default="any", help="which of the limits (default any)")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="write the figures there as well")
    parser.add_argument("--plot", metavar="FILE", type=pathlib.Path, help="write a picture of them (SVG)")
    return parser.parse_args()


def main():
    options = parse_arguments()
    words = [word for word in options.rows.split(",") if word]
    limits = json.loads(options.limits.read_text()).get(options.toolchain, {})
    figures, failures = [], []
    with tempfile.TemporaryDirectory() as folder:
        bench = measure.Bench(pathlib.Path(folder), options.sender)
        for row in rows.all_rows(bench):
            if words and not any(word in row.name for word in words):
                continue
            print(f"{row.name} ...", file=sys.stderr, flush=True)
            try:
                figures.append(bench.figures_of(row))
            except measure.Failure as failure:
                failures.append(failure)
    print(table.text(figures, limits))
    for failure in failures:
        print(f"bench.py: {failure}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps([figure._asdict() for figure in figures], indent=1) + "\n")
    if options.plot:
        options.plot.write_text(table.plot(figures))
    return 1 if failures or table.excesses(figures, limits) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except measure.Failure as failure:
        sys.exit(f"bench.py: {failure}")
