# The limits of each row: measured ones, and promises.
# SPDX-License-Identifier: Apache-2.0

import json

import rows

EXCESS = 1.05                       # a row may be that much over its limit
OWN_EXCESS = 1.05
LINKS_INSTRUCTIONS = 200            # what 100 links may cost sender itself for each message beyond one link
MEMORY_GROWTH_KIB = 256             # between a run of few messages and one of many: single pages come and go


def read(path, toolchain):
    """The limits of a toolchain: instructions by row."""
    return json.loads(path.read_text()).get(toolchain, {})


def write(path, toolchain, figures):
    """Makes what was measured the limits of a toolchain; other toolchains and rows keep theirs."""
    limits = json.loads(path.read_text())
    mine = limits.setdefault(toolchain, {})
    for figure in figures:
        if figure.instructions and figure.row not in rows.PEERS:
            mine[figure.row] = figure.instructions
    path.write_text(json.dumps(limits, indent=2) + "\n")


def excesses(figures, limits):
    """The rows that cost more than their limit allows, as sentences."""
    return [f"{figure.row}: {figure.instructions:,} instructions, over the limit of {limits[figure.row]:,} by "
            f"{100 * figure.instructions / limits[figure.row] - 100:.1f} %"
            for figure in figures if is_over(figure, limits)]


def is_over(figure, limits):
    cost, limit = figure.instructions, limits.get(figure.row)
    return cost is not None and limit is not None and cost > limit * EXCESS


def broken_promises(figures):
    """What does not hold, whatever the toolchain, as sentences. Rows that were not measured break nothing."""
    by_row = {figure.row: figure for figure in figures}
    checks = (too_large, growth, cost_of_links, cost_of_window, cost_of_waiting)
    return [sentence for check in checks for sentence in check(by_row)]


def too_large(by_row):
    for name, allowed in rows.MEMORY_KIB.items():
        if name in by_row and by_row[name].anonymous_kib > allowed:
            yield f"{name}: {by_row[name].anonymous_kib:,} KiB instead of at most {allowed:,}"


def growth(by_row):
    few, many = (by_row.get(rows.memory_name(count)) for count in rows.MEMORY_COUNTS)
    if few and many and many.anonymous_kib > few.anonymous_kib + MEMORY_GROWTH_KIB:
        yield f"{many.row}: {many.anonymous_kib:,} KiB, and {few.anonymous_kib:,} for {rows.MEMORY_COUNTS[0]:,}"


def cost_of_links(by_row):
    one, many = by_row.get(rows.COUNTED), by_row.get(rows.links_name(100))
    if one and many and many.own > one.own + LINKS_INSTRUCTIONS:
        yield (f"{many.row}: {many.own - one.own:,} instructions of sender itself more than one link, "
               f"instead of at most {LINKS_INSTRUCTIONS}")


def cost_of_window(by_row):
    small, large = (by_row.get(rows.window_name(size)) for size in rows.WINDOWS)
    if small and large and large.own > small.own * OWN_EXCESS:
        yield f"{large.row}: {large.own:,} instructions of sender itself, and {small.own:,} with the smaller window"


def cost_of_waiting(by_row):
    idle = by_row.get(rows.IDLE)
    if idle and idle.user_us > rows.IDLE_US:
        yield f"{idle.row}: {idle.user_us:,.0f} µs of user CPU instead of at most {rows.IDLE_US:,}"
