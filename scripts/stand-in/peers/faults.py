# The misbehaviours of a stand-in: the table, its notation, and the moment at which each is due.
# SPDX-License-Identifier: Apache-2.0

import argparse
import collections

# The things that a fault counts, and is about.
OUTCOME, LINK, ATTACH, SESSION, CONNECTION, STATE = (
    "outcome", "link", "attach", "session", "connection", "state")

NOTATION = """\
NAME[=WHEN][:CONDITION]. WHEN counts what the fault is about, over the life of the process:
7 the seventh, 7+ the seventh and all after it, -7 the first seven, %7 every seventh; all without.
CONDITION is an AMQP error condition such as amqp:not-found. May be repeated and combined."""

Kind = collections.namedtuple("Kind", "counts condition help")

TABLE = {
    # Instead of the outcome that a message would get. The message is not kept, unless it says so.
    "reject": Kind(OUTCOME, "amqp:internal-error", "messages are rejected"),
    "release": Kind(OUTCOME, None, "messages are released"),
    "modify": Kind(OUTCOME, None, "messages come back modified (delivery-failed)"),
    "modify-undeliverable": Kind(OUTCOME, None, "the same, with undeliverable-here"),
    "settle": Kind(OUTCOME, None, "messages are settled without a state"),
    "withhold-outcomes": Kind(OUTCOME, None, "messages are kept, and get no outcome"),
    "ignore": Kind(OUTCOME, None, "messages are not kept, and get no outcome"),
    # Done when the message has arrived; its outcome, if it gets one, is written first.
    "drain": Kind(LINK, None, "the credit is asked back; it comes again when it was returned"),
    "detach": Kind(LINK, None, "the link is detached, not closed"),
    "close-link": Kind(LINK, "amqp:internal-error", "the link is closed"),
    "end-session": Kind(LINK, "amqp:internal-error", "the session is ended"),
    "close-connection": Kind(LINK, "amqp:connection:forced", "the connection is closed"),
    "drop-connection": Kind(LINK, None, "the TCP connection is reset, without a close"),
    "hang": Kind(LINK, None, "the connection is neither read nor written any more"),
    # About attaches (of links that send to us).
    "withhold-attach": Kind(ATTACH, None, "attaches are never answered"),
    "refuse-attach": Kind(ATTACH, "amqp:not-found", "attaches are answered without a target, "
                          "and the link is closed"),
    "end-session-at-attach": Kind(ATTACH, "amqp:internal-error", "attaches end their session"),
    # About begins and opens.
    "withhold-begin": Kind(SESSION, None, "begins are not answered"),
    "withhold-open": Kind(CONNECTION, None, "opens are not answered"),
    "close-at-open": Kind(CONNECTION, "amqp:connection:forced", "opens are answered, and the "
                          "connection is closed"),
    "refuse-login": Kind(CONNECTION, None, "SASL ends with `authentication refused`"),
    # States that last; WHEN is ignored but where it says so.
    "withhold-credit": Kind(STATE, None, "no credit is given; WHEN: only so many, in all"),
    "withhold-close": Kind(STATE, None, "no detach, end or close of the peer is answered"),
    "outcomes-before-detach": Kind(STATE, None, "withheld outcomes are sent right before the link "
                                   "is detached or closed by us"),
    "outcomes-after-detach": Kind(STATE, None, "withheld outcomes are sent right behind our "
                                  "detach, whoever closed the link"),
}


class Fault:
    """One --misbehave: a name of the table, when, and with which condition."""

    def __init__(self, name, when, condition):
        self.name = name
        self.counts, default_condition, _ = TABLE[name]
        self.condition = condition or default_condition
        self.number = int(when.strip("%+-")) if when else None
        self._is_due = _due(when, self.number)

    @classmethod
    def parse(cls, text):
        name, _, condition = text.partition(":")
        name, _, when = name.partition("=")
        if name not in TABLE:
            raise argparse.ArgumentTypeError(f"unknown misbehaviour {name!r}; "
                                             f"known are {', '.join(sorted(TABLE))}")
        digits = when.removeprefix("%").removeprefix("-").removesuffix("+")
        if when and not (digits.isascii() and digits.isdigit() and int(digits) > 0
                         and len(when) - len(digits) <= 1):
            raise argparse.ArgumentTypeError(f"{text!r}: {when!r} is none of 7, 7+, -7, %7")
        return cls(name, when, condition or None)

    def is_due(self, count):
        return self._is_due(count)


def _due(when, number):
    if not when:
        return lambda count: True
    if when.startswith("%"):
        return lambda count: count % number == 0
    if when.startswith("-"):
        return lambda count: count <= number
    if when.endswith("+"):
        return lambda count: count >= number
    return lambda count: count == number


class Faults:
    """All faults of a process, and the counts of what they are about."""

    def __init__(self, faults=()):
        self._by_kind = collections.defaultdict(list)
        self._states = {}
        self._counts = collections.Counter()
        self._credit_given = 0
        for fault in faults:
            self._by_kind[fault.counts].append(fault)
            if fault.counts == STATE:
                self._states[fault.name] = fault

    def has(self, name):
        return name in self._states

    @property
    def concern_messages(self):
        return bool(self._by_kind[OUTCOME] or self._by_kind[LINK])

    def message(self):
        """Counts a message. Returns the fault that replaces its outcome, and the link's faults."""
        self._counts[OUTCOME] += 1
        self._counts[LINK] += 1
        outcomes = self._due(OUTCOME)
        return (outcomes[0] if outcomes else None), self._due(LINK)

    def attach(self):
        """Counts an attach. Returns the fault that it meets, or None."""
        self._counts[ATTACH] += 1
        due = self._due(ATTACH)
        return due[0] if due else None

    def session(self):
        """Counts a begin. Returns whether it meets a fault: then it is not answered."""
        self._counts[SESSION] += 1
        return bool(self._due(SESSION))

    def connection(self):
        """Counts a connection. Returns the faults that it meets, by their names."""
        self._counts[CONNECTION] += 1
        return {fault.name: fault for fault in self._due(CONNECTION)}

    def limit_credit(self, credit):
        """How much of a credit that is due may be given."""
        fault = self._states.get("withhold-credit")
        if fault:
            credit = max(0, min(credit, (fault.number or 0) - self._credit_given))
            self._credit_given += credit
        return credit

    def _due(self, kind):
        return [fault for fault in self._by_kind[kind] if fault.is_due(self._counts[kind])]


def add_argument(parser):
    rows = "\n".join(f"  {name:24}{kind.help}"
                     + (f" ({kind.condition})" if kind.condition else "")
                     for name, kind in TABLE.items())
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"misbehaviours: {NOTATION}\n\n{rows}"
    parser.add_argument("--misbehave", metavar="NAME[=WHEN][:CONDITION]", action="append",
                        default=[], type=Fault.parse, help="see below; may be repeated")
