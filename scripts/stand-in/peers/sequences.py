# Counts the messages of one run that have arrived, with duplicates and order.
# SPDX-License-Identifier: Apache-2.0

from .tally import Tally, number_of


class Sequences:
    """Counts the messages 1 to N of a run, by the ids that --duplicate-id gives them.

    Without a run id, all messages count, by the number in the body or the message id.
    """

    def __init__(self, run_id, property_name, expected):
        self._run_id = run_id
        self._property = property_name
        self._expected = expected
        self._numbers = []              # in the order of arrival
        self._highest = 0
        self.first_out_of_order = None
        self.others = 0
        self._seen = set()

    def add(self, message):
        number = self._number(message)
        if number is None:
            self.others += 1
            return
        self._numbers.append(number)
        # A repeat may come late: only a first arrival can be out of order.
        if number not in self._seen and number < self._highest and not self.first_out_of_order:
            self.first_out_of_order = number
        self._seen.add(number)
        self._highest = max(self._highest, number)

    def _number(self, message):
        if not self._run_id:
            return number_of(message.body, message.id)
        value = (message.properties or {}).get(self._property)
        prefix = f"{self._run_id}-"
        if not isinstance(value, str) or not value.startswith(prefix):
            return None
        digits = value[len(prefix):]
        return int(digits) if digits.isascii() and digits.isdigit() else None

    def tally(self):
        tally = Tally(self._expected or self._highest)
        for number in self._numbers:
            tally.add(number)
        return tally

    def __str__(self):
        return (f"{self.tally()} first-out-of-order={self.first_out_of_order or 'none'}"
                + (f" others={self.others}" if self.others else ""))

    def status(self, is_strict):
        """0: all there; 1: not, or with `is_strict` one came twice or out of order."""
        tally = self.tally()
        is_fine = tally.is_complete and tally.total > 0
        if is_strict:
            is_fine = is_fine and tally.total == len(self._seen) and not self.first_out_of_order
        return 0 if is_fine else 1
