# Reads what callgrind writes: the instructions of a run, and those of one object file.
# SPDX-License-Identifier: Apache-2.0

import collections
import os
import re

COMMAND = ["valgrind", "--quiet", "--tool=callgrind"]

# all: of the whole process. own: those in the code of the program's own file, with what is linked into it.
Cost = collections.namedtuple("Cost", "all own")

# A line of costs begins with where they arose: a number, or its difference from the one before.
COST = re.compile(r"[+\-*\d]\S* (\d+)")


def read(lines, program):
    path = os.path.realpath(program)
    names, total, own = {}, None, 0
    is_own = is_called = False
    for line in lines:
        if line.startswith("ob="):
            # The name stands only where its number is first used.
            number, _, name = line[3:].strip().partition(" ")
            names[number] = name or names[number]
            is_own = os.path.realpath(names[number]) == path
        elif line.startswith("cob="):
            number, _, name = line[4:].strip().partition(" ")
            names[number] = name or names[number]
        elif line.startswith("calls="):
            is_called = True                    # the next line is what the callee costs, which has lines of its own
        elif line.startswith(("totals: ", "summary: ")):
            total = int(line.split()[1])
        elif cost := COST.match(line):
            if is_own and not is_called:
                own += int(cost[1])
            is_called = False
    return Cost(total, own)
