# The faults of a round: drawn from a seed, or those of a fixed scenario.
# SPDX-License-Identifier: Apache-2.0

import collections
import itertools
import random

BROKER, CLIENT_ROUTER, BROKER_ROUTER = "broker", "router", "broker-side router"
OTHER_ROUTER = "other router"
PAIR = "pair"
TARGETS = {"single": (BROKER, CLIENT_ROUTER), "dual": (BROKER, CLIENT_ROUTER, BROKER_ROUTER),
           PAIR: (BROKER, CLIENT_ROUTER, OTHER_ROUTER, BROKER_ROUTER)}
KILL, STOP, CUT = "kill", "stop", "cut off"
# Only there is a proxy in front of each peer.
KINDS = {"single": (KILL, STOP), "dual": (KILL, STOP), PAIR: (KILL, STOP, CUT)}
MANY_FAULTS = 3
# Between the faults of a storm, so that some overlap.
STORM_GAP_S = (0.3, 3)


class Fault(collections.namedtuple("Fault", "target kind accepted delay_s for_s")):
    """One peer is killed (kill -9), stopped (SIGSTOP) or cut off (nothing gets to it or from it, and
    its connections stay open) for a while, then started, continued or connected again.

    It is due `delay_s` after so many messages were accepted; where `accepted` is None, after
    the fault before it began, so that the two overlap.
    """

    def __str__(self):
        when = ("with the one before" if self.accepted is None
                else f"at {self.accepted} accepted")
        return f"{self.kind} {self.target} {when} +{self.delay_s:g} s, for {self.for_s:g} s"


# Name: the faults, with `accepted` as a share of the messages.
SCENARIOS = {
    "broker-killed": [Fault(BROKER, KILL, 0.3, 0, 5)],
    "broker-stopped": [Fault(BROKER, STOP, 0.3, 0, 25)],
    "router-killed": [Fault(CLIENT_ROUTER, KILL, 0.3, 0, 5)],
    "router-stopped": [Fault(CLIENT_ROUTER, STOP, 0.3, 0, 60)],
    "both-killed": [Fault(BROKER, KILL, 0.3, 0, 5), Fault(CLIENT_ROUTER, KILL, None, 0.5, 5)],
    "both-stopped": [Fault(BROKER, STOP, 0.3, 0, 25), Fault(CLIENT_ROUTER, STOP, None, 0.5, 60)],
    "broker-side-router-killed": [Fault(BROKER_ROUTER, KILL, 0.3, 0, 5)],
    "broker-side-router-stopped": [Fault(BROKER_ROUTER, STOP, 0.3, 0, 60)],
    "routers-killed-in-turn": [Fault(CLIENT_ROUTER, KILL, 0.2, 0, 5),
                               Fault(OTHER_ROUTER, KILL, 0.6, 0, 5)],
    # Longer than the idle timeouts: 30 s the sender's, 16 s the router's.
    "router-cut-off": [Fault(CLIENT_ROUTER, CUT, 0.3, 0, 45)],
    "routers-cut-off": [Fault(CLIENT_ROUTER, CUT, 0.3, 0, 45), Fault(OTHER_ROUTER, CUT, None, 0.5, 45)],
    "broker-side-router-cut-off": [Fault(BROKER_ROUTER, CUT, 0.3, 0, 45)],
    "broker-cut-off": [Fault(BROKER, CUT, 0.3, 0, 25)],
}
# Any two at once. "both-killed" and "both-stopped" are the broker with the router.
SCENARIOS |= {f"{one}-and-{two}-{done}".replace(" ", "-"):
              [Fault(one, kind, 0.3, 0, for_s), Fault(two, kind, None, 0.1, for_s)]
              for done, kind, for_s in (("killed", KILL, 5), ("stopped", STOP, 45))
              for one, two in itertools.combinations(TARGETS[PAIR], 2)
              if (one, two) != (BROKER, CLIENT_ROUTER)}


def scenario(name, messages):
    return [fault._replace(accepted=int(fault.accepted * messages))
            if fault.accepted is not None else fault for fault in SCENARIOS[name]]


def scenarios(topology):
    """The names of those that a topology has the peers for."""
    return [name for name, faults in SCENARIOS.items()
            if all(fault.target in TARGETS[topology] and fault.kind in KINDS[topology]
                   for fault in faults)]


def draw(seed, topology, messages, longest_s):
    """The same for the same arguments, whatever happens."""
    source = random.Random(f"{seed} {topology}")
    faults = []
    for _ in range(source.randint(1, MANY_FAULTS)):
        overlaps = bool(faults) and source.random() < 0.4
        # A peer has one fault at a time: what is to overlap has to happen to another.
        targets = [target for target in TARGETS[topology]
                   if not (overlaps and target == faults[-1].target)]
        faults.append(Fault(
            source.choice(targets), source.choice(KINDS[topology]),
            None if overlaps else int(messages * source.uniform(0, 0.9)),
            round(source.uniform(0, 2 if overlaps else 0.1), 3),
            # Short ones are as bad as long ones, and long ones reach the peers' time limits.
            round(longest_s * source.random() ** 2 + 0.05, 2)))
    return by_progress(faults)


def storm(seed, topology, seconds, longest_s):
    """One fault after another for so long, by the clock and not by progress."""
    source = random.Random(f"{seed} {topology} storm")
    faults = []
    at_s = gap_s = source.uniform(*STORM_GAP_S)
    while at_s < seconds:
        faults.append(Fault(
            source.choice(TARGETS[topology]), source.choice(KINDS[topology]), None if faults else 0,
            round(gap_s, 3), round(longest_s * source.random() ** 2 + 0.05, 2)))
        gap_s = source.uniform(*STORM_GAP_S)
        at_s += gap_s
    return faults


def by_progress(faults):
    """In the order of their beginnings; what overlaps stays behind what it overlaps with."""
    groups = []
    for fault in faults:
        if fault.accepted is None:
            groups[-1].append(fault)
        else:
            groups.append([fault])
    return [fault for group in sorted(groups, key=lambda group: group[0].accepted)
            for fault in group]
