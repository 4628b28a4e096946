# Counts the messages 1 to N: those that are there, duplicates, and those that are missing.
# SPDX-License-Identifier: Apache-2.0

import collections

RANGES_MAX = 20


class Tally:
    """Counts messages by their number."""

    def __init__(self, expected):
        self.expected = expected
        self.total = 0
        self._seen = collections.Counter()
        self._there = 0             # of 1 to N
        self._unnumbered = 0

    def add(self, body, message_id=None):
        self.total += 1
        number = number_of(body, message_id)
        if number is None:
            self._unnumbered += 1
        else:
            self._there += 1 <= number <= self.expected and not self._seen[number]
            self._seen[number] += 1

    @property
    def missing(self):
        return [number for number in range(1, self.expected + 1) if not self._seen[number]]

    @property
    def is_complete(self):
        return self._there == self.expected

    def __str__(self):
        line = (f"distinct={len(+self._seen)} total={self.total} missing=[{ranges(self.missing)}] "
                f"duplicates={self._seen.total() - len(+self._seen)}")
        return line + (f" unnumbered={self._unnumbered}" if self._unnumbered else "")


def number_of(body, message_id):
    """The number is in the body (`{"sequence": n}`, or n), else it is the message's id."""
    candidates = [body.get("sequence")] if isinstance(body, dict) else [body]
    for candidate in [*candidates, message_id]:
        if isinstance(candidate, bool) or candidate is None:
            continue
        try:
            return int(candidate)
        except (TypeError, ValueError):
            continue
    return None


def ranges(numbers):
    """[1, 2, 3, 7] becomes 1-3,7."""
    parts = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    shown = [f"{first}-{last}" if last > first else f"{first}" for first, last in parts]
    return ",".join(shown[:RANGES_MAX] + (["..."] if len(shown) > RANGES_MAX else []))
