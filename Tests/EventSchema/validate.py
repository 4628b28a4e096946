#!/usr/bin/python3
"""Holds lines of events against the schema; the exit status is 1 when one does not fit."""
# SPDX-License-Identifier: Apache-2.0

import argparse
import json
import pathlib
import sys

import jsonschema

SCHEMA = pathlib.Path(__file__).with_name("events.schema.json")


def check_account(event):
    """The account adds up, which a schema can't say."""
    if event.get("event") not in ("account", "closed"):
        return
    parts = ("accepted", "rejected", "given_up", "unconfirmed", "in_doubt", "unsent")
    if event["taken"] != sum(event[part] for part in parts):
        raise ValueError("the account does not add up")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=argparse.FileType("rb"))
    parser.add_argument("--expect", action="append", default=[], help="an event that must be there")
    options = parser.parse_args()
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    seen = set()
    for number, line in enumerate(options.file, 1):
        try:
            event = json.loads(line)
            validator.validate(event)
            check_account(event)
        except (ValueError, jsonschema.ValidationError) as error:
            sys.exit(f"line {number}: {getattr(error, 'message', error)}: {line.decode(errors='replace')}")
        seen.add(event["event"])
    missing = set(options.expect) - seen
    if missing:
        sys.exit(f"no line has the event {', '.join(sorted(missing))}; seen: {sorted(seen)}")


if __name__ == "__main__":
    main()
