# The figures as a table and as a picture.
# SPDX-License-Identifier: Apache-2.0

import html

import limits as limits_of_rows
import rows

BAR_PX, BARS_FROM_PX, NUMBERS_PX, LINE_PX = 420, 230, 90, 22
OURS, THEIRS, INK = "#2a6fb0", "#9a9a9a", "#777"


def text(figures, limits, like_peers):
    """A table in Markdown. like_peers: the names of the rows whose work is the peers'."""
    costs = {figure.row: figure.instructions for figure in figures}
    peers = [name for name in rows.PEERS if costs.get(name)]
    head = ["work", "instructions", "own", *(f"ratio to {name}" for name in peers), "limit", "user CPU, µs", "wall, µs",
            "anonymous memory, KiB"]
    lines = [line(head), line(["---", *["---:"] * (len(head) - 1)])]
    for figure in figures:
        mark = " (over)" if limits_of_rows.is_over(figure, limits) else ""
        ratios = [f"{figure.instructions / costs[name]:.2f}" if figure.row in like_peers else "" for name in peers]
        lines.append(line([figure.row, number(figure.instructions) + mark, number(figure.own), *ratios,
                           number(limits.get(figure.row)), number(figure.user_us), number(figure.wall_us),
                           number(figure.anonymous_kib)]))
    return "\n".join(lines)


def line(cells):
    return f"| {' | '.join(cells)} |"


def number(value):
    return "" if value is None else f"{value:,}"


def plot(figures):
    """A bar for each row of small messages: instructions for each."""
    bars = [figure for figure in figures if figure.instructions and figure.row not in rows.UNLIKE_SMALL]
    if not bars:
        return None
    scale = BAR_PX / max(figure.instructions for figure in bars)
    width, height = BARS_FROM_PX + BAR_PX + NUMBERS_PX, LINE_PX * len(bars) + 20
    # Also on a dark page: no background, and text of a grey that both show.
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="{INK}">',
             "<title>Instructions for each accepted message</title>"]
    for index, figure in enumerate(bars):
        y = LINE_PX * index + 10
        length = round(figure.instructions * scale)
        colour = THEIRS if figure.row in rows.PEERS else OURS
        parts += [f'<text x="{BARS_FROM_PX - 10}" y="{y + 13}" text-anchor="end">{html.escape(figure.row)}</text>',
                  f'<rect x="{BARS_FROM_PX}" y="{y}" width="{length}" height="17" fill="{colour}"/>',
                  f'<text x="{BARS_FROM_PX + length + 6}" y="{y + 13}">{figure.instructions:,}</text>']
    return "\n".join([*parts, "</svg>", ""])
